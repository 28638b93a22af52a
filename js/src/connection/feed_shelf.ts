// The feeds in use: one per channel, however many widgets show it.

import type { Centrifuge } from "centrifuge";
import type { BaseFeed } from "../feeds/feed.ts";
import { bind, type Bound } from "./binding.ts";
import type { Tokens } from "./tokens.ts";
import type { Want } from "./types.ts";
import { sessionOf } from "../lib/panel_layout.ts";

/** A cell that runs again disposes its widget and makes a new one: the subscription outlives the moment between. */
const GRACE_MS = 2_000;
/** A widget that is only scrolled past, or not shown yet, is not worth a word to the hub. */
const HIDE_AFTER_MS = 1_000;

type Kind = "stream" | "table" | "value" | "event" | "chat";

interface Entry {
  readonly kind: Kind;
  readonly feed: BaseFeed;
  readonly bound: Bound;
  readonly wants: Set<Want>;
  stopTimer: ReturnType<typeof setTimeout> | undefined;
  hideTimer: ReturnType<typeof setTimeout> | undefined;
}

export class FeedShelf {
  readonly #client: Centrifuge;
  readonly #tokens: Tokens;
  readonly #onRelease: () => void;
  readonly #entries = new Map<string, Entry>();

  constructor(client: Centrifuge, tokens: Tokens, onRelease: () => void) {
    this.#client = client;
    this.#tokens = tokens;
    this.#onRelease = onRelease;
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  /** The feed of a channel, subscribed until the last signal it was taken with aborts. */
  take<T extends BaseFeed>(kind: Kind, make: () => T, channel: string, want: Want, signal: AbortSignal): T {
    let entry = this.#entries.get(channel);
    if (!entry) {
      const feed = make();
      const bound = bind(this.#client, this.#tokens, feed, want.maxHz);
      entry = { kind, feed, bound, wants: new Set(), stopTimer: undefined, hideTimer: undefined };
      this.#entries.set(channel, entry);
    }
    if (entry.kind !== kind) throw new Error(`${channel} is in use as a ${entry.kind} on this page, not as a ${kind}`);
    const held = entry;
    clearTimeout(held.stopTimer);
    held.wants.add(want);
    want.onChange(() => this.#wish(held), signal);
    this.#wish(held);
    if (signal.aborted) this.#release(channel, held, want);
    else signal.addEventListener("abort", () => this.#release(channel, held, want), { once: true });
    return held.feed as T;
  }

  /** Users in a channel and in the others of its session. */
  present(channel: string): ReadonlySet<string> {
    const session = sessionOf(channel);
    const near = [...this.#entries].filter(([name]) => name === channel || (session !== "" && sessionOf(name) === session));
    return new Set(near.flatMap(([, { feed }]) => [...(feed.crowd?.users ?? [])]));
  }

  #release(channel: string, entry: Entry, want: Want): void {
    entry.wants.delete(want);
    if (entry.wants.size > 0) return this.#wish(entry);
    clearTimeout(entry.hideTimer);
    entry.stopTimer = setTimeout(() => {
      this.#entries.delete(channel);
      entry.bound.stop();
      this.#onRelease();
    }, GRACE_MS);
  }

  /** Ask the hub for the most that one of the widgets wants. */
  #wish(entry: Entry): void {
    const wants = [...entry.wants];
    const maxHz = Math.max(...wants.map((want) => want.maxHz));
    const visible = wants.some((want) => want.visible);
    clearTimeout(entry.hideTimer);
    entry.bound.wish(maxHz, visible || entry.bound.visible);
    if (!visible) entry.hideTimer = setTimeout(() => entry.bound.wish(maxHz, false), HIDE_AFTER_MS);
  }
}
