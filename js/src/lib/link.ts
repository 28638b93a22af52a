// A widget's tie to its hub: the connection the page has for it now, and the widget's feed there.

import { hubSlot } from "../connection/registry.ts";
import type { Feed, HubConnection } from "../connection/types.ts";

export interface Link<F extends Feed = Feed> {
  /** Null until a kernel's relay has brought it. */
  readonly connection: HubConnection | null;
  readonly feed: F | null;
  /** Since when the page has no connection for this hub, in milliseconds of Date.now(); null while it has one. */
  readonly withoutSinceMs: number | null;
}

/** How a widget takes its feed from a connection. */
export type Take<F extends Feed> = (connection: HubConnection, signal: AbortSignal) => F;

/**
 * Follow the connection to a hub. For each connection `take` makes the feed and `listen` adds listeners to it, both
 * with a signal that ends when that connection is replaced.
 */
export function linkToHub<F extends Feed>(
  key: string,
  take: Take<F>,
  listen: (feed: F, signal: AbortSignal) => void,
  signal: AbortSignal,
): Link<F> {
  const link: { connection: HubConnection | null; feed: F | null; withoutSinceMs: number | null } = {
    connection: null,
    feed: null,
    withoutSinceMs: Date.now(),
  };
  followHub(
    key,
    (connection, until) => {
      link.connection = connection;
      link.feed = null;
      link.withoutSinceMs = connection ? null : Date.now();
      if (!connection) return;
      link.feed = take(connection, until);
      listen(link.feed, until);
    },
    signal,
  );
  return link;
}

/** Hear of the connection to a hub, and of each that takes its place, with a signal that ends when it is replaced. */
export function followHub(
  key: string,
  found: (connection: HubConnection | null, signal: AbortSignal) => void,
  signal: AbortSignal,
): void {
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
