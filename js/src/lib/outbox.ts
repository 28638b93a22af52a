// What was said or done in a chat and is not acknowledged by the hub yet.
//
// It is sent in order, one after the other, and again until the hub has taken or refused it. The hub takes the same
// thing twice for the same thing, so nothing is in the chat twice.

import type { CallError, ChatMessage, Saying } from "../connection/types.ts";

export interface Outgoing {
  /** Of the message, or of the one that is changed. */
  readonly id: string;
  /** The message as it is shown while it is on its way; null for what changes another one. */
  readonly saying: Saying | null;
  readonly timeMs: number;
  /** Why the hub did not take it; null while it is on its way. */
  failure: string | null;
}

type Item = Outgoing & { readonly deliver: () => Promise<void> };

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** Codes of the protocol that mean "not now": a fault of the hub that passes, a token that has ended, no answer. */
const PASSING = new Set([100, 109, 1002]);
/** Below this the codes are the client library's own: the connection broke. */
const FIRST_OF_THE_HUB = 100;

export class Outbox {
  #items: Item[] = [];
  #underWay = false;
  #pauseMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly isLive: () => boolean,
    private readonly changed: () => void,
    private readonly signal: AbortSignal,
    /** A message is in the chat, or was given up. */
    private readonly gone: (id: string) => void = () => {},
  ) {
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  get items(): readonly Outgoing[] {
    return this.#items;
  }

  /** Send a message, or with none a change of the message of that id. */
  send(id: string, saying: Saying | null, deliver: () => Promise<void>, timeMs: number): void {
    this.#items.push({ id, saying, timeMs, failure: null, deliver });
    this.changed();
    this.pump();
  }

  /** Send what the hub has refused once more. */
  retry(item: Outgoing): void {
    item.failure = null;
    this.changed();
    this.pump();
  }

  /** Forget a message that was not sent. */
  discard(item: Outgoing): void {
    this.#drop(item);
  }

  /** Go on sending: call it when the connection may be there again. */
  pump(): void {
    if (this.#underWay || this.signal.aborted || !this.isLive()) return;
    const next = this.#items.find(({ failure }) => failure === null);
    if (!next) return;
    clearTimeout(this.#timer);
    this.#underWay = true;
    void this.#deliver(next);
  }

  /** The hub may publish a message before it acknowledges it: what is in the chat is no longer outgoing. */
  reconcile(find: (id: string) => ChatMessage | null): void {
    for (const item of this.#items) if (item.saying && find(item.id)) this.#leave(item);
  }

  async #deliver(item: Item): Promise<void> {
    let pauseMs = 0;
    try {
      await item.deliver();
      this.#pauseMs = 0;
      this.#drop(item);
    } catch (error) {
      if (isPassing(error)) {
        pauseMs = this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.#pauseMs));
      } else {
        item.failure = error instanceof Error ? error.message : String(error);
        this.changed();
      }
    }
    this.#underWay = false;
    if (pauseMs === 0) this.pump();
    else this.#timer = setTimeout(() => this.pump(), pauseMs);
  }

  #drop(item: Outgoing): void {
    this.#leave(item);
    this.changed();
  }

  #leave(item: Outgoing): void {
    this.#items = this.#items.filter((other) => other !== item);
    if (item.saying) this.gone(item.id);
  }
}

function isPassing(error: unknown): boolean {
  const code = (error as Partial<CallError> | null)?.code;
  return typeof code === "number" && ((code > 0 && code < FIRST_OF_THE_HUB) || PASSING.has(code));
}
