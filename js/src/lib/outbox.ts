// Messages that were sent and are not in the chat yet.

import type { ChatMessage } from "../connection/types.ts";

export interface Outgoing {
  readonly text: string;
  readonly timeMs: number;
  /** Why it was not sent; null while it is on its way. */
  failure: string | null;
}

export class Outbox {
  #items: (Outgoing & { readonly known: ReadonlySet<string> })[] = [];

  constructor(
    private readonly say: (text: string) => Promise<void>,
    private readonly changed: () => void,
  ) {}

  get items(): readonly Outgoing[] {
    return this.#items;
  }

  /** Send; `messages` are those that were in the chat before. */
  send(text: string, messages: readonly ChatMessage[], timeMs: number): void {
    const item = { text, timeMs, failure: null as string | null, known: new Set(messages.map(({ id }) => id)) };
    this.#items.push(item);
    this.say(text).then(
      () => this.#drop(item),
      (error: unknown) => {
        item.failure = error instanceof Error ? error.message : String(error);
        this.changed();
      },
    );
    this.changed();
  }

  /** Forget a message that was not sent. */
  discard(item: Outgoing): void {
    this.#drop(item);
  }

  /** The hub may publish a message before it acknowledges it: what is in the chat is no longer outgoing. */
  reconcile(messages: readonly ChatMessage[], user: string | null): void {
    const mine = messages.filter((message) => message.user === user);
    const matched = new Set<string>();
    this.#items = this.#items.filter((item) => {
      const arrived = mine.find(({ id, text }) => text === item.text && !item.known.has(id) && !matched.has(id));
      if (arrived) matched.add(arrived.id);
      return !arrived || item.failure !== null;
    });
  }

  #drop(item: Outgoing): void {
    this.#items = this.#items.filter((other) => other !== item);
    this.changed();
  }
}
