// A widget's tie to its hub: the connection the page has for it now, and the widget's feed there.

import { Listeners } from "../connection/listeners.ts";
import { hubSlot, type Absence } from "../connection/registry.ts";
import type { Feed, HubConnection } from "../connection/types.ts";
import type { SavedFeed } from "./saved.ts";

export interface Link<F extends Feed = Feed> {
  /** Null until a kernel's relay has brought it. */
  readonly connection: HubConnection | null;
  /** What to show; while `savedAtMs` is set it stands still. */
  readonly feed: F | null;
  /** The hub's feed while it is not live yet and `feed` is a saved one. */
  readonly coming: F | null;
  /** Of when `feed` is, in milliseconds of Date.now(), until the hub's own is live; null from then on. */
  readonly savedAtMs: number | null;
  /** Since when the page has no connection for this hub, in milliseconds of Date.now(); null while it has one. */
  readonly withoutSinceMs: number | null;
  /** What to say while there is none. */
  readonly absence: Absence;
  /** Hear that one of them is another. */
  onChange(fn: () => void, signal: AbortSignal): void;
}

/** How a widget takes its feed from a connection. */
export type Take<F extends Feed> = (connection: HubConnection, signal: AbortSignal) => F;

/**
 * Follow the connection to a hub. For each connection `take` makes the feed and `listen` adds listeners to it, both
 * with a signal that ends when that connection is replaced. A saved feed comes first, until a connection's is live.
 */
export function linkToHub<F extends Feed>(
  key: string,
  take: Take<F>,
  listen: (feed: F, signal: AbortSignal) => void,
  signal: AbortSignal,
  saved: SavedFeed<F> | null = null,
): Link<F> {
  const listeners = new Listeners<[]>();
  const link = {
    connection: null as HubConnection | null,
    feed: saved?.feed ?? null,
    coming: null as F | null,
    savedAtMs: saved?.atMs ?? null,
    withoutSinceMs: Date.now() as number | null,
    absence: hubSlot(key).absence,
    onChange: (fn: () => void, until: AbortSignal) => listeners.add(fn, until),
  };
  const past = new AbortController();
  const show = (feed: F, until: AbortSignal) => {
    past.abort();
    link.feed = feed;
    link.coming = link.savedAtMs = null;
    listen(feed, until);
  };
  const showWhenLive = (feed: F, until: AbortSignal) => {
    link.coming = feed;
    const look = () => {
      if (link.coming !== feed || feed.status.phase !== "live") return;
      show(feed, until);
      listeners.call();
    };
    feed.onStatus(look, until);
    look();
  };
  const follow = (connection: HubConnection | null, until: AbortSignal) => {
    link.connection = connection;
    link.coming = null;
    link.withoutSinceMs = connection ? null : Date.now();
    if (link.savedAtMs === null) link.feed = null;
    if (connection) {
      const feed = take(connection, until);
      if (link.savedAtMs === null) show(feed, until);
      else showWhenLive(feed, until);
    }
    listeners.call();
  };
  signal.addEventListener("abort", () => past.abort(), { once: true });
  if (saved) listen(saved.feed, past.signal);
  followHub(key, follow, signal);
  return link;
}

/** Hear of the connection to a hub, and of each that takes its place, with a signal that ends when it is replaced. */
export function followHub(key: string, found: (connection: HubConnection | null, until: AbortSignal) => void, signal: AbortSignal): void {
  const slot = hubSlot(key);
  let known: HubConnection | null = null;
  let current: AbortController | null = null;
  const follow = () => {
    if (signal.aborted || slot.connection === known) return;
    current?.abort();
    current = new AbortController();
    known = slot.connection;
    found(known, current.signal);
  };
  slot.onChange(follow, signal);
  signal.addEventListener("abort", () => current?.abort(), { once: true });
  follow();
}

/** Whether what a link shows is what the hub has now. */
export function isLive({ connection, feed, savedAtMs }: Link): boolean {
  return savedAtMs === null && connection?.status.phase === "live" && feed?.status.phase === "live";
}

/** The time that what a link shows belongs to: now, or when it was saved. */
export function timeOf({ savedAtMs }: Link): number {
  return savedAtMs ?? Date.now();
}
