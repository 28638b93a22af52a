// LiveMetric: one number of a stream, large, with where it came from.

import type { StreamFeed } from "../connection/types.ts";
import { statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { element, setText } from "../lib/dom.ts";
import { formatNumber, formatSpan, formatStyled } from "../lib/format.ts";
import { drawFrames } from "../lib/frames.ts";
import { isLive, linkToHub, timeOf, type Link } from "../lib/link.ts";
import { digits, flag, maxHz, oneOf, text, windowMs } from "../lib/options.ts";
import { MetricData, REDUCTIONS, type Reduction } from "../lib/reduce.ts";
import { Redraws } from "../lib/redraws.ts";
import { savedFeed } from "../lib/saved.ts";
import { markSaved } from "../lib/saved_mark.ts";
import { drawSparkline } from "../lib/sparkline.ts";
import { whileEmpty } from "../lib/status.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly column: string;
  readonly reduce: Reduction;
  readonly window_ms: number | null;
  readonly sparkline: boolean;
  readonly title: string;
  readonly unit: string;
  readonly format: "number" | "compact" | "bytes";
  readonly digits: number | null;
  readonly max_hz: number | null;
}

interface State {
  readonly channel: string;
  readonly link: Link<StreamFeed>;
  readonly data: MetricData;
  readonly redraws: Redraws;
}

/** How far the line and the comparison reach back when no window was chosen. */
const DEFAULT_SPAN_MS = 120_000;
const SAVED_ROWS = 100;

const NAMES: Record<Reduction, string> = { last: "last", mean: "mean", min: "lowest", max: "highest", sum: "sum", count: "values" };

export default defineWidget<Options, State>({
  kind: "metric",
  channels: ["data"],
  options: {
    column: text(""),
    reduce: oneOf(REDUCTIONS, "last"),
    window_ms: windowMs(),
    sparkline: flag(true),
    title: text(""),
    unit: text(""),
    format: oneOf(["number", "compact", "bytes"], "number"),
    digits: digits(),
    max_hz: maxHz(),
  },

  open({ hub, channels, options, saved }, sight, signal) {
    const want = sight.want(options.max_hz);
    const channel = channels.get("data") ?? "";
    const data = new MetricData(options.column, options.reduce, options.window_ms);
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
    if (link.savedAtMs !== null) data.hold(saved?.feeds.get("data"));
    return { channel, link, data, redraws };
  },

  show({ options, problems }, { channel, link, data, redraws }, el, signal) {
    const badge = statusBadge({ link, channel, showAge: true }, signal);
    const view = card(
      el,
      { class: "rtw-metric", title: options.title || options.column, badge, problems, onTheme: () => frames.request() },
      signal,
    );
    const value = element("span", { class: "rtw-metric__value", text: "–" });
    const unit = element("span", { class: "rtw-metric__unit", text: options.unit });
    const caption = element("div", { class: "rtw-metric__caption" });
    const canvas = element("canvas", { class: "rtw-metric__spark" });
    canvas.setAttribute("aria-hidden", "true");
    const sparkline = options.sparkline && options.reduce !== "count";
    canvas.hidden = !sparkline;
    view.body.append(element("div", { class: "rtw-metric__text" }, element("div", { class: "rtw-metric__number" }, value, unit), caption), canvas);

    const spanMs = options.window_ms ?? DEFAULT_SPAN_MS;
    const shown = (amount: number) =>
      options.format === "number" ? formatNumber(amount, options.digits ?? data.decimals()) : formatStyled(amount, options.format, options.digits);
    const draw = () => {
      const nowMs = timeOf(link);
      const now = data.value(nowMs);
      setText(value, now === null ? "–" : options.reduce === "count" ? formatNumber(now, 0) : shown(now));
      setText(caption, now === null ? whileEmpty(link, "waiting for data…") : captionOf(options.reduce, options.window_ms, now, data, spanMs, shown));
      view.notice(data.fault);
      if (sparkline) drawSparkline(view.root, canvas, data.samples, spanMs, options.reduce === "mean" ? "mean" : "extremes");
      // A window empties as time passes.
      if (options.window_ms !== null && options.reduce !== "last") frames.requestIn(1000);
    };
    const frames = drawFrames(view.root, draw, signal);
    redraws.add(frames.request, signal);
    const observer = new ResizeObserver(frames.request);
    observer.observe(canvas);
    signal.addEventListener("abort", () => observer.disconnect(), { once: true });
    markSaved(view.root, link, [], signal);
  },

  picture({ options }, { link, data }, share) {
    if (!isLive(link)) return null;
    const batches = data.rows(options.window_ms ?? DEFAULT_SPAN_MS, SAVED_ROWS * share);
    return { data: { batches, value: data.value(Date.now()) } };
  },
});

function captionOf(
  reduce: Reduction,
  windowMs: number | null,
  now: number,
  data: MetricData,
  spanMs: number,
  shown: (amount: number) => string,
): string {
  if (reduce !== "last") return windowMs === null ? `${NAMES[reduce]} since the start` : `${NAMES[reduce]} of the last ${formatSpan(windowMs)}`;
  const before = data.before(spanMs);
  if (!before) return "";
  const change = now - before.value;
  const ago = Math.round((data.samples.lastX - before.timeMs) / 1000) * 1000;
  const arrow = change > 0 ? "▲" : change < 0 ? "▼" : "=";
  return `${arrow} ${shown(Math.abs(change))} in ${formatSpan(Math.max(1000, ago < 60_000 ? ago : Math.round(ago / 60_000) * 60_000))}`;
}
