// Drives a feed from a subscription of npm centrifuge.

import type { Centrifuge, Subscription, SubscriptionOptions } from "centrifuge";
import { Chat } from "../feeds/chat.ts";
import { isObject } from "../feeds/columns.ts";
import type { BaseFeed, Publisher } from "../feeds/feed.ts";
import { Grace } from "./grace.ts";

/** What centrifuge's events say about who published, joined or left. */
interface ClientInfo {
  readonly client: string;
  readonly user: string;
  readonly connInfo?: unknown;
}

/** Subscribe a feed; the result ends it. */
export function bind(client: Centrifuge, feed: BaseFeed): () => void {
  const chat = feed instanceof Chat ? feed : null;
  const options: Partial<SubscriptionOptions> = { recoverable: true, joinLeave: chat !== null };
  const away = new Grace();
  let sub: Subscription | null = null;

  const start = (): void => {
    const fresh = client.newSubscription(feed.channel, options);
    sub = fresh;
    fresh.on("subscribed", (ctx) => {
      away.end();
      feed.subscribed({
        data: ctx.data,
        offset: ctx.streamPosition?.offset ?? 0,
        wasRecovering: ctx.wasRecovering,
        recovered: ctx.recovered,
      });
      if (chat) void askPresence(fresh, chat);
    });
    fresh.on("publication", (ctx) => {
      feed.publication({
        data: ctx.data,
        offset: ctx.offset ?? 0,
        timeMs: publishedAt(ctx),
        info: ctx.info ? publisher(ctx.info) : null,
      });
      if (feed.needsSnapshot) queueMicrotask(restart);
    });
    fresh.on("subscribing", ({ code, reason }) => away.start(() => feed.waiting(code === 0 ? null : reason)));
    fresh.on("error", ({ error }) => {
      away.end();
      feed.waiting(error.message);
    });
    fresh.on("unsubscribed", ({ code, reason }) => {
      away.end();
      if (sub === fresh) feed.refused(`${feed.channel}: ${reason} (code ${code})`);
    });
    if (chat) {
      fresh.on("join", ({ info }) => chat.joined(publisher(info)));
      fresh.on("leave", ({ info }) => chat.left(publisher(info)));
    }
    fresh.subscribe();
  };

  const stop = (): void => {
    const old = sub;
    sub = null;
    away.end();
    client.removeSubscription(old);
    old?.removeAllListeners();
  };

  const restart = (): void => {
    if (sub === null) return;
    stop();
    start();
  };

  start();
  return stop;
}

async function askPresence(sub: Subscription, chat: Chat): Promise<void> {
  chat.presenceAsked();
  try {
    const { clients } = await sub.presence();
    chat.present(Object.values(clients).map(publisher));
  } catch {
    // The namespace keeps no presence, or the connection broke: then the next subscribe asks again.
  }
}

function publisher(info: ClientInfo): Publisher {
  const named = isObject(info.connInfo) ? info.connInfo.name : null;
  return { client: info.client, user: info.user, name: typeof named === "string" && named !== "" ? named : info.user };
}

/** The publication's time, which keepTimes() puts into centrifuge's events. */
function publishedAt(ctx: object): number | null {
  const time = (ctx as { time?: unknown }).time;
  return typeof time === "number" ? time : null;
}

/**
 * Pass each publication's `time` on: npm centrifuge leaves it out of its events.
 *
 * Without it, should the method be gone in a later release, `lastTimeMs` is null and nothing else changes.
 */
export function keepTimes(client: Centrifuge): void {
  const make = client["_getPublicationContext"];
  if (typeof make !== "function") return;
  client["_getPublicationContext"] = function (this: Centrifuge, channel: string, pub: { time?: unknown }) {
    const ctx: { time?: unknown } = make.call(this, channel, pub);
    ctx.time = pub.time;
    return ctx;
  };
}
