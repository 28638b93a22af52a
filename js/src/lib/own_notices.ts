// What the hub tells the page's user of conversations: who has written to them alone.

import type { EventFeed, Want } from "../connection/types.ts";
import { isObject } from "../feeds/columns.ts";
import { followHub } from "./link.ts";

/** Source: rtwidgets/core/notices.py. */
const PREFIX = "event:rtwidgets.notices#";

/** Hear of every channel that somebody has written to us in, those of some time ago included, and when. */
export function followDirect(hub: string, want: Want, heard: (channel: string, timeMs: number) => void, signal: AbortSignal): void {
  followHub(
    hub,
    (connection, until) => {
      let feed: EventFeed | null = null;
      const take = () => {
        // Its channel has our name, which is known once the hub knows us.
        if (feed !== null || !connection?.user) return;
        feed = connection.event(PREFIX + connection.user, want, until);
        feed.onChange(read, until);
        read();
      };
      const read = () => {
        for (const { data, timeMs } of feed?.events ?? []) {
          if (isObject(data) && data.type === "direct" && typeof data.channel === "string") heard(data.channel, timeMs);
        }
      };
      connection?.onStatus(take, until);
      take();
    },
    signal,
  );
}
