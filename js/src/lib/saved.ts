// What was saved of a widget: in its notebook, or in an exported file. Plain JSON, read like anything from outside.
//
// For each role of its channels it holds what a hub tells a late joiner in a subscribe reply, cut small. So a feed is
// made of it as of a snapshot from the hub, and the widget shows it like anything else, with its age.

import type { ChatFeed, EventFeed, StreamFeed, TableFeed, ValueFeed } from "../connection/types.ts";
import { Chat } from "../feeds/chat.ts";
import { isObject } from "../feeds/columns.ts";
import { Events } from "../feeds/event.ts";
import type { BaseFeed } from "../feeds/feed.ts";
import { Stream } from "../feeds/stream.ts";
import { Table } from "../feeds/table.ts";
import { Value } from "../feeds/value.ts";

export interface Saved {
  /** When it was so, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** By role. */
  readonly feeds: ReadonlyMap<string, unknown>;
}

/** A feed that stands still. */
export interface SavedFeed<F> {
  readonly feed: F;
  readonly atMs: number;
}

interface FeedKinds {
  stream: StreamFeed;
  table: TableFeed;
  value: ValueFeed;
  chat: ChatFeed;
  event: EventFeed;
}

const notNow = (): Promise<never> => Promise.reject(new Error("this is what was saved; there is no connection to the hub"));

const MAKERS: { [K in keyof FeedKinds]: (channel: string) => FeedKinds[K] & BaseFeed } = {
  stream: (channel) => new Stream(channel),
  table: (channel) => new Table(channel),
  value: (channel) => new Value(channel, notNow),
  chat: (channel) => new Chat(channel, { publish: notNow, ask: notNow, tell: () => {} }),
  event: (channel) => new Events(channel),
};

/** Read what was saved; null when that is nothing, or of another form. */
export function readSaved(raw: unknown): Saved | null {
  if (!isObject(raw) || typeof raw.at_ms !== "number" || !Number.isFinite(raw.at_ms) || !isObject(raw.feeds)) return null;
  return { atMs: raw.at_ms, feeds: new Map(Object.entries(raw.feeds)) };
}

/** The feed of a role as it was saved; null where nothing of use was. */
export function savedFeed<K extends keyof FeedKinds>(saved: Saved | null, role: string, kind: K, channel: string): SavedFeed<FeedKinds[K]> | null {
  const data = saved?.feeds.get(role);
  if (!saved || data === undefined) return null;
  const feed = MAKERS[kind](channel);
  feed.subscribed({ data, offset: 0, wasRecovering: false, recovered: false });
  return feed.status.bad > 0 ? null : { feed, atMs: saved.atMs };
}
