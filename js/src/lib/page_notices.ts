// Showing what a channel says as toasts, once per page, however many widgets ask for it.

import type { EventFeed, HubConnection, HubEvent, Want } from "../connection/types.ts";
import { noticesOf } from "../connection/own_notices.ts";
import type { Entry } from "./entry.ts";
import { noticeOf } from "./notice_view.ts";
import { toast } from "./toasts.ts";

/** In sight or not: a toast waits until somebody sees the page. */
const ALWAYS: Want = { maxHz: 60, visible: true, onChange: () => undefined };

interface Followed {
  readonly holders: Set<AbortSignal>;
  readonly ending: AbortController;
}

const followed = new WeakMap<HubConnection, Map<string, Followed>>();

/** Show new events of a channel as toasts until the last signal that was given for it aborts. */
export function showAsToasts(connection: HubConnection, channel: string, signal: AbortSignal, show: (entry: Entry) => void = toast): void {
  if (signal.aborted) return;
  const channels = followed.get(connection) ?? new Map<string, Followed>();
  followed.set(connection, channels);
  let one = channels.get(channel);
  if (!one) {
    one = { holders: new Set(), ending: new AbortController() };
    channels.set(channel, one);
    const feed = connection.event(channel, ALWAYS, one.ending.signal);
    const told = (event: HubEvent) => {
      const notice = noticeOf(event, channel);
      if (notice) show(notice);
    };
    feed.onEvent(told, one.ending.signal);
  }
  const { holders, ending } = one;
  holders.add(signal);
  signal.addEventListener(
    "abort",
    () => {
      holders.delete(signal);
      if (holders.size > 0) return;
      channels.delete(channel);
      ending.abort();
    },
    { once: true },
  );
}

/** Do something with the channel of the user's own notices as soon as the user is known. */
function withOwnNotices(connection: HubConnection, run: (channel: string) => void, signal: AbortSignal): void {
  const looking = new AbortController();
  signal.addEventListener("abort", () => looking.abort(), { once: true, signal: looking.signal });
  const look = () => {
    if (looking.signal.aborted || connection.user === null || connection.status.phase !== "live") return;
    looking.abort();
    const channel = noticesOf(connection.user);
    if (channel !== null) run(channel);
  };
  connection.onStatus(look, looking.signal);
  if (!signal.aborted) look();
}

/** Show what is addressed to the page's user as toasts, until the signal aborts. */
export function showOwnNotices(connection: HubConnection, signal: AbortSignal): void {
  withOwnNotices(connection, (channel) => showAsToasts(connection, channel, signal), signal);
}

/** Hear of the feed of the user's own notices as soon as the user is known. */
export function ownNotices(connection: HubConnection, listen: (feed: EventFeed) => void, signal: AbortSignal): void {
  withOwnNotices(connection, (channel) => listen(connection.event(channel, ALWAYS, signal)), signal);
}
