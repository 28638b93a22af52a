// Who is typing in a chat just now.

import { shownName } from "./names.ts";

/** The hub passes a user's typing on every two seconds while it lasts. */
const SHOWN_MS = 5_000;
const SAY_EVERY_MS = 2_000;

export class Typing {
  readonly #since = new Map<string, { name: string; untilMs: number }>();
  #saidMs = Number.NEGATIVE_INFINITY;

  heard(user: string, name: string, nowMs: number): void {
    this.#since.set(user, { name, untilMs: nowMs + SHOWN_MS });
  }

  /** Somebody's message is there: they no longer type it. */
  said(user: string): void {
    this.#since.delete(user);
  }

  /** What to show, or "". */
  line(me: string | null, nowMs: number): string {
    for (const [user, { untilMs }] of this.#since) if (untilMs <= nowMs) this.#since.delete(user);
    const names = [...this.#since].filter(([user]) => user !== me).map(([user, { name }]) => shownName(name || user));
    if (names.length === 0) return "";
    if (names.length > 2) return `${names.length} people are typing…`;
    return `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing…`;
  }

  /** Whether it is time to tell the others that we are typing. */
  isDue(nowMs: number): boolean {
    if (nowMs - this.#saidMs < SAY_EVERY_MS) return false;
    this.#saidMs = nowMs;
    return true;
  }
}
