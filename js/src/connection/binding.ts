// Drives a feed from a subscription of npm centrifuge.

import type { Centrifuge, Subscription, SubscriptionOptions } from "centrifuge";
import { isObject } from "../feeds/columns.ts";
import type { BaseFeed, Publisher } from "../feeds/feed.ts";
import type { Members } from "../feeds/members.ts";
import { publisherOf } from "../feeds/publisher.ts";
import { Grace } from "./grace.ts";
import { paced } from "./pace.ts";
import type { Need, Tokens } from "./tokens.ts";

const PERMISSION_DENIED = 103;
/** A kernel gives the right in a moment; after this the widget says that it did not. */
const RIGHT_GRACE_MS = 5_000;
/** A list of people that changes more often can't be read, and a crowd that comes and goes would keep the page busy. */
const CROWD_MS = 250;

/** What centrifuge's events say about who published, joined or left. */
interface ClientInfo {
  readonly client: string;
  readonly user: string;
  readonly connInfo?: unknown;
  readonly chanInfo?: unknown;
}

/** What drives a feed. */
export interface Bound {
  /** What the hub was asked for last. */
  readonly visible: boolean;
  /** Ask the hub for so many updates a second, or for none while nobody can see them. */
  wish(maxHz: number, visible: boolean): void;
  stop(): void;
}

/** Subscribe a feed. */
export function bind(client: Centrifuge, tokens: Tokens, feed: BaseFeed, maxHz: number): Bound {
  const need: Need = { target: feed.channel, verb: "subscribe" };
  const { crowd } = feed;
  if (crowd) crowd.pace = paced(CROWD_MS);
  const away = new Grace();
  let sub: Subscription | null = null;
  let leaving = new AbortController();
  let version = 0;
  let wished = { max_hz: maxHz, visible: true };
  /** What the hub has granted; null where it knows no such thing. */
  let granted: unknown = null;

  const asked = (): object => ({ rtwidgets: feed.asksSnapshot ? { ...wished, snapshot: true } : wished });

  /** Subscribe once the page's token was made for this channel, too. */
  const start = async (): Promise<void> => {
    const { signal } = leaving;
    if (!tokens.covers(need)) {
      away.start(() => feed.waiting(null));
      const timer = setTimeout(() => feed.waiting(noRight(need)), RIGHT_GRACE_MS);
      signal.addEventListener("abort", () => clearTimeout(timer));
      await tokens.when(need, signal);
      clearTimeout(timer);
      if (signal.aborted) return;
    }
    subscribe();
  };

  const subscribe = (): void => {
    const options: Partial<SubscriptionOptions> = { recoverable: true, joinLeave: crowd !== null, data: asked() };
    const fresh = client.newSubscription(feed.channel, options);
    sub = fresh;
    fresh.on("subscribed", (ctx) => {
      away.end();
      grant(isObject(ctx.data) ? ctx.data.rtwidgets : null);
      feed.subscribed({
        data: ctx.data,
        offset: ctx.streamPosition?.offset ?? 0,
        epoch: ctx.streamPosition?.epoch ?? "",
        wasRecovering: ctx.wasRecovering,
        recovered: ctx.recovered,
      });
      feed.lookedAway = !wished.visible;
      if (crowd && tokens.covers({ ...need, verb: "presence" })) void askPresence(fresh, crowd);
    });
    fresh.on("publication", (ctx) => {
      feed.lookedAway = false;
      feed.publication({
        data: ctx.data,
        offset: ctx.offset ?? 0,
        timeMs: publishedAt(ctx),
        info: ctx.info ? publisher(ctx.info) : null,
      });
      if (feed.needsSnapshot) queueMicrotask(restart);
    });
    fresh.on("subscribing", ({ code, reason }) => {
      version = tokens.version;
      away.start(() => feed.waiting(code === 0 ? null : reason));
    });
    fresh.on("error", ({ error }) => {
      away.end();
      feed.waiting(error.message);
    });
    fresh.on("unsubscribed", ({ code, reason }) => {
      away.end();
      if (sub !== fresh) return;
      // Asked with a token that was not made for this, such as after the end of a kernel and its token.
      if (code === PERMISSION_DENIED && (version !== tokens.version || !tokens.covers(need))) return restart();
      feed.refused(`${feed.channel}: ${reason} (code ${code})`);
    });
    if (crowd) {
      fresh.on("join", ({ info }) => crowd.joined(publisher(info)));
      fresh.on("leave", ({ info }) => crowd.left(publisher(info)));
    }
    fresh.subscribe();
  };

  const stop = (): void => {
    leaving.abort();
    const old = sub;
    sub = null;
    away.end();
    client.removeSubscription(old);
    old?.removeAllListeners();
  };

  const restart = (): void => {
    if (sub === null) return;
    stop();
    leaving = new AbortController();
    void start();
  };

  const grant = (given: unknown): void => {
    granted = given;
    if (!isObject(given)) return;
    feed.granted(typeof given.max_hz === "number" ? given.max_hz : null);
    // What was wished meanwhile.
    if (given.max_hz !== wished.max_hz || given.visible !== wished.visible) ask();
  };

  const ask = (): void => {
    // While it is not subscribed, or breaks, the next subscribe says it.
    if (!isObject(granted) || sub?.state !== "subscribed") return;
    granted = null;
    client.rpc("rtwidgets.subscription", { channel: feed.channel, ...wished }).then(
      ({ data }) => grant(data),
      () => {},
    );
  };

  void start();
  return {
    get visible() {
      return wished.visible;
    },
    wish(max_hz, visible) {
      if (max_hz === wished.max_hz && visible === wished.visible) return;
      wished = { max_hz, visible };
      if (!visible) feed.lookedAway = true;
      sub?.setData(asked());
      ask();
    },
    stop,
  };
}

/** Why something waits for a token that was made for it. */
export function noRight({ target, verb }: Need): string {
  const what = verb === "command" ? `call ${target.replace("command:", "")}` : `${verb} on ${target}`;
  return `its kernel has given this page no right to ${what}; run the cell again`;
}

async function askPresence(sub: Subscription, crowd: Members): Promise<void> {
  crowd.asked();
  try {
    const { clients } = await sub.presence();
    crowd.present(Object.values(clients).map(publisher));
  } catch {
    // The namespace keeps no presence, or the connection broke: then the next subscribe asks again.
    crowd.unanswered();
  }
}

function publisher({ client, user, connInfo, chanInfo }: ClientInfo): Publisher {
  return publisherOf(client, user, connInfo, chanInfo);
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
