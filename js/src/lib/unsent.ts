// What was said in this tab and no hub has acknowledged yet: it outlives its widget and a reload of the page.

import { asObject, isObject } from "../feeds/columns.ts";
import type { Saying } from "../connection/types.ts";

export interface Unsent {
  readonly saying: Saying;
  readonly timeMs: number;
}

/** What of the browser's store is used. */
export type TabStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const PREFIX = "rtwidgets.unsent:";

export class UnsentMessages {
  /** What the tab's store did not take, as it is blocked or full. */
  readonly #own = new Map<string, readonly Unsent[]>();
  /** Messages that a widget of this page has taken, to send them. */
  readonly #taken = new Set<string>();

  constructor(private readonly store: () => TabStore) {}

  /** Keep a message of somebody in a chat, for whoever takes it after the signal has aborted. */
  keep(name: string, unsent: Unsent, signal: AbortSignal): void {
    this.#hold(unsent.saying.id, signal);
    this.#write(name, [...this.#read(name), unsent]);
  }

  /** The messages that nobody on this page has, oldest first; the caller has them until the signal aborts. */
  take(name: string, signal: AbortSignal): readonly Unsent[] {
    const free = this.#read(name).filter(({ saying }) => !this.#taken.has(saying.id));
    for (const { saying } of free) this.#hold(saying.id, signal);
    return free;
  }

  /** A message is in the chat, or was given up. */
  drop(name: string, id: string): void {
    this.#taken.delete(id);
    const kept = this.#read(name);
    const left = kept.filter(({ saying }) => saying.id !== id);
    if (left.length < kept.length) this.#write(name, left);
  }

  #hold(id: string, signal: AbortSignal): void {
    this.#taken.add(id);
    signal.addEventListener("abort", () => this.#taken.delete(id), { once: true });
  }

  #read(name: string): readonly Unsent[] {
    const own = this.#own.get(name);
    if (own) return own;
    try {
      return readUnsent(JSON.parse(this.store().getItem(PREFIX + name) ?? "[]"));
    } catch {
      return [];
    }
  }

  #write(name: string, list: readonly Unsent[]): void {
    try {
      if (list.length === 0) this.store().removeItem(PREFIX + name);
      else this.store().setItem(PREFIX + name, JSON.stringify(list));
      this.#own.delete(name);
    } catch {
      this.#own.set(name, list);
    }
  }
}

/** Those of this tab. */
export const unsentHere = new UnsentMessages(() => sessionStorage);

/** Forget what somebody who leaves has not sent. */
export function forgetUnsent(store: Storage): void {
  for (const name of Object.keys(store)) if (name.startsWith(PREFIX)) store.removeItem(name);
}

function readUnsent(list: unknown): readonly Unsent[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).flatMap(({ saying, timeMs }) => {
    const { id, text, replyTo } = asObject(saying, "a message");
    if (typeof id !== "string" || typeof text !== "string" || typeof timeMs !== "number") return [];
    return [{ saying: { id, text, replyTo: typeof replyTo === "string" ? replyTo : null }, timeMs }];
  });
}
