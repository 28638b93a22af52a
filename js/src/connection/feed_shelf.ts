// The feeds in use: one per channel, however many widgets show it.

import type { Centrifuge } from "centrifuge";
import type { BaseFeed } from "../feeds/feed.ts";
import { bind } from "./binding.ts";

/** A cell that runs again disposes its widget and makes a new one: the subscription outlives the moment between. */
const GRACE_MS = 2_000;

type Kind = "stream" | "table" | "value" | "chat";

interface Entry {
  readonly kind: Kind;
  readonly feed: BaseFeed;
  readonly stop: () => void;
  users: number;
  timer: ReturnType<typeof setTimeout> | null;
}

export class FeedShelf {
  readonly #client: Centrifuge;
  readonly #onRelease: () => void;
  readonly #entries = new Map<string, Entry>();

  constructor(client: Centrifuge, onRelease: () => void) {
    this.#client = client;
    this.#onRelease = onRelease;
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  /** The feed of a channel, subscribed until the last signal it was taken with aborts. */
  take<T extends BaseFeed>(kind: Kind, make: () => T, channel: string, signal: AbortSignal): T {
    let entry = this.#entries.get(channel);
    if (!entry) {
      const feed = make();
      entry = { kind, feed, stop: bind(this.#client, feed), users: 0, timer: null };
      this.#entries.set(channel, entry);
    }
    if (entry.kind !== kind) throw new Error(`${channel} is in use as a ${entry.kind} on this page, not as a ${kind}`);
    const held = entry;
    held.users++;
    if (held.timer !== null) clearTimeout(held.timer);
    held.timer = null;
    if (signal.aborted) this.#release(channel, held);
    else signal.addEventListener("abort", () => this.#release(channel, held), { once: true });
    return held.feed as T;
  }

  #release(channel: string, entry: Entry): void {
    if (--entry.users > 0) return;
    entry.timer = setTimeout(() => {
      this.#entries.delete(channel);
      entry.stop();
      this.#onRelease();
    }, GRACE_MS);
  }
}
