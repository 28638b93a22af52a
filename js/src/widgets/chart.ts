// LiveChart: lines of a stream in a moving window.

import type { StreamFeed } from "../connection/types.ts";
import { statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { ChartData } from "../lib/chart_data.ts";
import { chartView } from "../lib/chart_view.ts";
import { isLive, linkToHub, timeOf, type Link } from "../lib/link.ts";
import { height, maxHz, oneOf, text, textsOrNull, windowMs } from "../lib/options.ts";
import { Redraws } from "../lib/redraws.ts";
import { savedFeed } from "../lib/saved.ts";
import { markSaved } from "../lib/saved_mark.ts";
import { titleOf } from "../lib/titles.ts";
import { whileEmpty } from "../lib/status.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly kind: "line" | "area";
  readonly x: string;
  readonly y: readonly string[] | null;
  readonly by: string;
  readonly window_ms: number | null;
  readonly title: string;
  readonly height: number;
  readonly max_hz: number | null;
}

interface State {
  readonly channel: string;
  readonly link: Link<StreamFeed>;
  readonly data: ChartData;
  readonly redraws: Redraws;
}

const SAVED_ROWS_PER_LINE = 300;

export default defineWidget<Options, State>({
  kind: "chart",
  channels: ["data"],
  options: {
    kind: oneOf(["line", "area"], "line"),
    x: text("time"),
    y: textsOrNull(),
    by: text(""),
    window_ms: windowMs(),
    title: text(""),
    height: height(300),
    max_hz: maxHz(),
  },

  open({ hub, channels, options, saved }, sight, signal) {
    const want = sight.want(options.max_hz);
    const channel = channels.get("data") ?? "";
    const data = new ChartData({ x: options.x, y: options.y, by: options.by || null, windowMs: options.window_ms });
    const redraws = new Redraws();
    const old = savedFeed(saved, "data", "stream", channel);
    const link = linkToHub<StreamFeed>(
      hub,
      (connection, until) => connection.stream(channel, want, until),
      (feed, until) => {
        feed.onStatus(() => redraws.request(), until);
        feed.onBatch((batch, reset) => {
          data.add(batch, reset, feed === old?.feed ? old.atMs : Date.now());
          redraws.request();
        }, until);
      },
      signal,
      old,
    );
    return { channel, link, data, redraws };
  },

  show({ options, problems }, { channel, link, data, redraws }, el, signal) {
    let themeChanged = () => {};
    const title = options.title || titleOf(channel);
    const view = card(
      el,
      {
        class: "rtw-chart",
        title,
        badge: statusBadge({ link, channel, showAge: true }, signal),
        problems,
        onTheme: () => themeChanged(),
      },
      signal,
    );
    const { kind, height } = options;
    themeChanged = chartView(
      view.root,
      view.body,
      {
        title,
        data,
        redraws,
        area: kind === "area",
        height,
        notice: view.notice,
        waiting: () => whileEmpty(link, "waiting for data…"),
        now: () => timeOf(link),
      },
      signal,
    );
    markSaved(view.root, link, [], signal);
  },

  picture: (_spec, { link, data }, share) => (isLive(link) ? { data: { batches: data.rows(Date.now(), SAVED_ROWS_PER_LINE * share) } } : null),
});
