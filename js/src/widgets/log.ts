// LiveLog: the events of a channel as lines, newest at the end.

import type { EventFeed, HubEvent } from "../connection/types.ts";
import { statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { button, element, icon, setText } from "../lib/dom.ts";
import { LEVELS, type Entry, type Level } from "../lib/entry.ts";
import { formatClock, formatDay, formatNumber } from "../lib/format.ts";
import { drawFrames } from "../lib/frames.ts";
import { listKey, ownKeys, typingKey } from "../lib/keys.ts";
import { isLive, linkToHub, timeOf, type Link } from "../lib/link.ts";
import { LogLines } from "../lib/log_lines.ts";
import { levelMark } from "../lib/notice_view.ts";
import { height, oneOf, text } from "../lib/options.ts";
import { Redraws } from "../lib/redraws.ts";
import { savedFeed } from "../lib/saved.ts";
import { titleOf } from "../lib/titles.ts";
import { whileEmpty } from "../lib/status.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly title: string;
  readonly height: number;
  readonly level: Level;
}

interface State {
  readonly channel: string;
  readonly link: Link<EventFeed>;
  readonly redraws: Redraws;
}

/** Nearer to the end than this counts as reading the newest. */
const AT_END_PX = 24;
const SAVED_LINES = 40;
const DOWN = "M8 3v9.5M4.5 9 8 12.5 11.5 9";

export default defineWidget<Options, State>({
  kind: "log",
  channels: ["events"],
  options: { title: text(""), height: height(280), level: oneOf(LEVELS, "debug") },

  open({ hub, channels, saved }, sight, signal) {
    const want = sight.want();
    const channel = channels.get("events") ?? "";
    const redraws = new Redraws();
    const link = linkToHub<EventFeed>(
      hub,
      (connection, until) => connection.event(channel, want, until),
      (feed, until) => {
        feed.onChange(() => redraws.request(), until);
        feed.onStatus(() => redraws.request(), until);
        redraws.request();
      },
      signal,
      savedFeed(saved, "events", "event", channel),
    );
    return { channel, link, redraws };
  },

  show({ options, problems }, { channel, link, redraws }, el, signal) {
    const badge = statusBadge({ link, channel, showAge: false }, signal);
    const title = options.title || titleOf(channel);
    const view = card(el, { class: "rtw-log", title, badge, problems }, signal);
    const log = new LogLines();
    log.least = options.level;

    const words = element("input", { class: "rtw-log__words", label: "Filter" });
    words.type = "search";
    words.placeholder = "Filter";
    ownKeys(words, typingKey, signal);
    const least = element("select", { class: "rtw-log__least", label: "Least level" }, ...LEVELS.map((level) => element("option", { text: level === "debug" ? "all levels" : `${level} and up` })));
    least.selectedIndex = LEVELS.indexOf(options.level);
    ownKeys(least, typingKey, signal);
    const count = element("span", { class: "rtw-log__count" });
    view.tools.append(words, least, count);

    const list = element("div", { class: "rtw-log__list", role: "log", label: title });
    // Read aloud they would never end; what matters is said below.
    list.setAttribute("aria-live", "off");
    list.tabIndex = 0;
    ownKeys(list, listKey, signal);
    const spoken = element("span", { class: "rtw-unseen", role: "status" });
    const empty = element("div", { class: "rtw-empty" });
    const pill = button({ class: "rtw-log__pill", hidden: true }, () => toEnd(), signal);
    const pillText = element("span");
    pill.append(pillText, icon(DOWN));
    const frame = element("div", { class: "rtw-log__frame" }, list, empty, pill);
    frame.style.height = `${Math.max(80, options.height)}px`;
    view.body.append(frame, spoken);

    const drawn = new Map<number, HTMLElement>();
    let newestId = 0;
    const draw = () => {
      const events: readonly HubEvent[] = link.feed?.events ?? [];
      log.update(events);
      drawLines(list, drawn, log.lines, timeOf(link));
      if (log.following) list.scrollTop = list.scrollHeight;
      const isAll = log.lines.length === events.length;
      setText(count, events.length === 0 ? "" : isAll ? formatNumber(events.length) : `${formatNumber(log.lines.length)} of ${formatNumber(events.length)}`);
      setText(empty, events.length > 0 ? "No line matches the filter." : link.feed?.status.phase === "live" ? "No events yet." : whileEmpty(link, "waiting for events…"));
      empty.hidden = log.lines.length > 0;
      pill.hidden = log.following;
      setText(pillText, log.unread > 0 ? `${formatNumber(log.unread)} new` : "To the end");
      const newest = log.lines.at(-1);
      if (newest && newest.id > newestId) {
        if (newestId > 0 && (newest.level === "warning" || newest.level === "error")) setText(spoken, `${newest.level}: ${newest.text}`);
        newestId = newest.id;
      }
    };
    const frames = drawFrames(view.root, draw, signal);
    const toEnd = () => {
      log.follow(true);
      frames.request();
    };
    const filter = () => {
      log.words = words.value;
      log.least = LEVELS[least.selectedIndex] ?? "debug";
      log.follow(true);
      frames.request();
    };
    words.addEventListener("input", filter, { signal });
    least.addEventListener("change", filter, { signal });
    list.addEventListener(
      "scroll",
      () => {
        const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < AT_END_PX;
        if (atEnd === log.following) return;
        log.follow(atEnd);
        frames.request();
      },
      { signal, passive: true },
    );
    redraws.add(frames.request, signal);
    link.onChange(frames.request, signal);
  },

  picture: (_spec, { link }, share) =>
    isLive(link) && link.feed ? { events: { publications: link.feed.events.slice(-Math.max(1, SAVED_LINES * share)).map(asKept) } } : null,
});

/** An event as a channel's snapshot has it. */
function asKept({ data, timeMs, user, name }: HubEvent): Readonly<Record<string, unknown>> {
  return { data, time: timeMs, info: { user, conn_info: { name } } };
}

/** Put lines into the list; those that stay are not touched. */
function drawLines(list: HTMLElement, drawn: Map<number, HTMLElement>, lines: readonly Entry[], nowMs: number): void {
  const wanted = new Set(lines.map(({ id }) => id));
  for (const [id, line] of drawn) {
    if (wanted.has(id)) continue;
    line.remove();
    drawn.delete(id);
  }
  let at: Element | null = list.firstElementChild;
  for (const entry of lines) {
    const known = drawn.get(entry.id);
    if (known) {
      at = known.nextElementSibling;
      continue;
    }
    const made = lineOf(entry, nowMs);
    drawn.set(entry.id, made);
    list.insertBefore(made, at);
  }
}

function lineOf({ timeMs, level, text: said, fields, who }: Entry, nowMs: number): HTMLElement {
  const time = element("time", { class: "rtw-log__time", text: formatClock(timeMs) });
  time.title = `${formatDay(timeMs, nowMs)}, ${formatClock(timeMs, "ms")}${who ? `, from ${who}` : ""}`;
  const shown = fields.flatMap(([name, value]) => [
    " ",
    element("span", { class: "rtw-log__field" }, element("span", { class: "rtw-log__name", text: name }), element("span", { class: "rtw-log__value", text: value })),
  ]);
  const line = element("div", { class: "rtw-log__line" }, time, levelMark(level), element("div", { class: "rtw-log__said" }, element("span", { class: "rtw-log__text", prose: said }), ...shown));
  line.dataset.tone = level;
  return line;
}
