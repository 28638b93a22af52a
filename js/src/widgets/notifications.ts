// Notifications: what a channel says as toasts, and a bell with what was said before.

import type { EventFeed } from "../connection/types.ts";
import { statusBadge } from "../lib/badge.ts";
import { bell, whenSaid } from "../lib/bell.ts";
import { card } from "../lib/card.ts";
import { element, setText } from "../lib/dom.ts";
import { followHub, linkToHub, type Link } from "../lib/link.ts";
import { levelMark } from "../lib/notice_view.ts";
import { text } from "../lib/options.ts";
import { ownNotices, showAsToasts } from "../lib/page_notices.ts";
import { titleOf } from "../lib/titles.ts";
import { whileEmpty } from "../lib/status.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly title: string;
}

interface State {
  readonly hub: string;
  readonly channel: string;
  readonly link: Link<EventFeed>;
}

export default defineWidget<Options, State>({
  kind: "notifications",
  channels: ["events"],
  options: { title: text("") },

  open({ hub, channels }, sight, signal) {
    const want = sight.want();
    const channel = channels.get("events") ?? "";
    const link = linkToHub<EventFeed>(
      hub,
      (connection, until) => {
        showAsToasts(connection, channel, until);
        return connection.event(channel, want, until);
      },
      () => undefined,
      signal,
    );
    return { hub, channel, link };
  },

  show({ options, problems }, { hub, channel, link }, el, signal) {
    const badge = statusBadge({ link, channel, showAge: false }, signal);
    const view = card(el, { class: "rtw-notifications", title: options.title || titleOf(channel), badge, inline: true, problems }, signal);
    const said = element("span", { class: "rtw-notifications__text" });
    const when = element("time", { class: "rtw-notifications__when" });
    const latest = element("div", { class: "rtw-notifications__latest" }, said, when);
    const draw = () => {
      const { newest } = rings;
      latest.querySelector(".rtw-level")?.remove();
      if (newest) latest.prepend(levelMark(newest.level));
      setText(said, newest ? newest.text : whileEmpty(link, "nothing yet"));
      said.title = newest?.text ?? "";
      setText(when, newest ? whenSaid(newest.timeMs, Date.now()) : "");
    };
    const rings = bell(`${hub}.${channel}`, () => queueMicrotask(() => signal.aborted || draw()), signal);
    view.body.append(rings.root, latest);
    followHub(
      hub,
      (connection, until) => {
        if (link.feed) {
          rings.add(link.feed, until);
          link.feed.onStatus(draw, until);
        }
        if (connection) ownNotices(connection, (feed) => rings.add(feed, until), until);
      },
      signal,
    );
    draw();
  },
});
