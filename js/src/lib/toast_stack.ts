// Which toasts are on a page and for how long. No DOM, no timers: the page tells the time that passes.

import type { Entry } from "./entry.ts";

export interface Toast {
  readonly key: number;
  readonly entry: Entry;
  /** How many of the same came one after the other. */
  count: number;
  /** How long it stays; infinity for what a person has to see. */
  leftMs: number;
}

const MOST = 4;
const SHOWN_MS: Record<Entry["level"], number> = {
  debug: 6_000,
  info: 6_000,
  success: 6_000,
  warning: 12_000,
  error: Number.POSITIVE_INFINITY,
};

export class ToastStack {
  /** Oldest first. */
  toasts: Toast[] = [];
  #made = 0;

  /** Show one; the oldest makes room for it. */
  add(entry: Entry): void {
    const last = this.toasts.at(-1);
    if (last && isSame(last.entry, entry)) {
      last.count += 1;
      last.leftMs = SHOWN_MS[entry.level];
      return;
    }
    this.toasts.push({ key: ++this.#made, entry, count: 1, leftMs: SHOWN_MS[entry.level] });
    while (this.toasts.length > MOST) {
      // What ends by itself goes before what somebody has to see.
      const passing = this.toasts.slice(0, -1).findIndex(({ leftMs }) => leftMs !== Number.POSITIVE_INFINITY);
      this.toasts.splice(Math.max(0, passing), 1);
    }
  }

  dismiss(key: number): void {
    this.toasts = this.toasts.filter((toast) => toast.key !== key);
  }

  /** So much time has passed while somebody could see them. */
  pass(ms: number): void {
    for (const toast of this.toasts) toast.leftMs -= ms;
    this.toasts = this.toasts.filter(({ leftMs }) => leftMs > 0);
  }

  /** How long until the next one goes; infinity when none does by itself. */
  get nextMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.toasts.map(({ leftMs }) => leftMs));
  }
}

function isSame(one: Entry, other: Entry): boolean {
  return one.text === other.text && one.level === other.level && one.user === other.user && one.type === other.type;
}
