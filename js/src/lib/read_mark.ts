// How far somebody has read a chat: what is new, and where the line above it stands.

import type { ChatMessage } from "../connection/types.ts";

/** Where marks are kept between visits: the browser's own store, or nothing. */
export interface MarkStore {
  get(name: string): string | null;
  set(name: string, mark: string): void;
}

interface Mark {
  readonly id: string;
  readonly timeMs: number;
}

export class ReadMark {
  /** Id of the first message under the line "New"; null for no line. */
  divider: string | null = null;
  /** Messages of others behind the mark. */
  unread = 0;
  #mark: Mark | null = null;
  #name: string | null = null;
  #wasReading = false;
  /** The reader has come back to the line: the next absence moves it. */
  #isSeen = true;

  constructor(
    private readonly store: MarkStore,
    private readonly channel: string,
  ) {}

  /**
   * Take in the chat as it is now, once it is there.
   *
   * @param reads whether somebody sees its end
   */
  update(messages: readonly ChatMessage[], hub: string, user: string, reads: boolean): void {
    this.#load(hub, user, messages.at(-1));
    const fresh = messages.slice(this.#firstNew(messages)).filter((message) => message.user !== user);
    // What comes before a reader's eyes needs no line.
    if (fresh[0] && this.#isSeen && !(reads && this.#wasReading)) {
      this.divider = fresh[0].id;
      this.#isSeen = false;
    }
    this.unread = reads ? 0 : fresh.length;
    this.#wasReading = reads;
    if (!reads) return;
    this.#isSeen = true;
    this.#move(messages.at(-1));
  }

  /** Take the line away, as when the reader answers. */
  clear(): void {
    this.divider = null;
  }

  #firstNew(messages: readonly ChatMessage[]): number {
    const mark = this.#mark ?? { id: "", timeMs: 0 };
    const at = messages.map(({ id }) => id).lastIndexOf(mark.id);
    if (at >= 0) return at + 1;
    const first = messages.findIndex(({ timeMs }) => timeMs > mark.timeMs);
    return first < 0 ? messages.length : first;
  }

  #load(hub: string, user: string, last: ChatMessage | undefined): void {
    const name = nameOf(hub, user, this.channel);
    if (this.#name === name) return;
    this.#name = name;
    this.#mark = parseMark(this.store.get(name));
    if (this.#mark !== null) return;
    // On a first visit nothing is new, but what comes from now on.
    this.#mark = { id: "", timeMs: 0 };
    this.#move(last);
  }

  #move(last: ChatMessage | undefined): void {
    if (!last || last.id === this.#mark?.id || this.#name === null) return;
    this.#mark = { id: last.id, timeMs: last.timeMs };
    this.store.set(this.#name, JSON.stringify([last.id, last.timeMs]));
  }
}

/** Up to when somebody has read a channel, by the hub's clock; 0 for never. */
export function readUntilMs(store: MarkStore, hub: string, user: string, channel: string): number {
  return parseMark(store.get(nameOf(hub, user, channel)))?.timeMs ?? 0;
}

function nameOf(hub: string, user: string, channel: string): string {
  return `rtwidgets.read:${JSON.stringify([hub, user, channel])}`;
}

function parseMark(text: string | null): Mark | null {
  try {
    const [id, timeMs] = JSON.parse(text ?? "[]") as unknown[];
    return typeof id === "string" && typeof timeMs === "number" ? { id, timeMs } : null;
  } catch {
    return null;
  }
}

/** The browser's store; where it is blocked or full marks last as long as the page. */
export function localMarks(): MarkStore {
  const own = new Map<string, string>();
  return {
    get(name) {
      try {
        return localStorage.getItem(name) ?? own.get(name) ?? null;
      } catch {
        return own.get(name) ?? null;
      }
    },
    set(name, mark) {
      own.set(name, mark);
      try {
        localStorage.setItem(name, mark);
      } catch {
        // The page's own copy has to do.
      }
    },
  };
}
