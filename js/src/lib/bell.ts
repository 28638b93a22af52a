// A bell: how many notices are new, and a list of the last ones under it.

import type { EventFeed } from "../connection/types.ts";
import { button, element, icon, names, setText } from "./dom.ts";
import type { Entry } from "./entry.ts";
import { formatClock, formatDay } from "./format.ts";
import { listKey, ownKeys } from "./keys.ts";
import { levelMark, noticeHead, noticeOf } from "./notice_view.ts";
import { panelUnder } from "./popover.ts";
import { seen } from "./seen.ts";

const BELL = "M8 2.5a3.6 3.6 0 0 0-3.6 3.6c0 3.4-1.4 4.4-1.4 4.4h10s-1.4-1-1.4-4.4A3.6 3.6 0 0 0 8 2.5zM6.8 12.8a1.3 1.3 0 0 0 2.4 0";
const SHOWN = 100;

export interface Bell {
  readonly root: HTMLElement;
  /** The newest notice; null while there is none. */
  readonly newest: Entry | null;
  /** Count a channel in until its signal aborts. */
  add(feed: EventFeed, signal: AbortSignal): void;
}

/**
 * Build a bell over one or more channels.
 *
 * @param key Under this the browser keeps what was seen: the hub's, with the user's or a channel's name.
 * @param changed Hears that `newest` may have changed.
 */
export function bell(key: string, changed: () => void, signal: AbortSignal): Bell {
  const feeds = new Set<EventFeed>();
  const count = element("span", { class: "rtw-bell__count", hidden: true });
  const list = element("div", { class: "rtw-bell__list", role: "list", label: "Notifications" });
  list.tabIndex = 0;
  const empty = element("div", { class: "rtw-bell__empty", text: "Nothing yet." });
  const panel = element("div", { class: "rtw-panel rtw-bell__panel" }, element("div", { class: "rtw-bell__title", text: "Notifications" }), list, empty);
  const face = button({ class: "rtw-bell__face" }, () => (opened.open ? opened.hide() : open()), signal);
  face.append(icon(BELL), count);
  face.setAttribute("aria-haspopup", "true");
  const root = element("div", { class: "rtw-bell" }, face, panel);
  const opened = panelUnder(face, panel, signal);
  const kept = seen(key, () => draw(), signal);
  ownKeys(list, listKey, signal);
  ownKeys(face, (press) => press.key === "Escape", signal);

  const entries = (): Entry[] => {
    const all = [...feeds].flatMap(({ channel, events }) => events.slice(-SHOWN).flatMap((event) => noticeOf(event, channel) ?? []));
    return all.sort((one, other) => one.timeMs - other.timeMs || one.id - other.id).slice(-SHOWN);
  };
  let newest: Entry | null = null;
  const draw = () => {
    const all = entries();
    newest = all.at(-1) ?? null;
    if (opened.open && newest) kept.mark(newest.timeMs);
    const fresh = all.filter(({ timeMs }) => timeMs > kept.ms).length;
    count.hidden = fresh === 0;
    setText(count, fresh >= SHOWN ? `${SHOWN - 1}+` : String(fresh));
    face.setAttribute("aria-label", fresh === 0 ? "Notifications, none new" : `Notifications, ${fresh} new`);
    if (opened.open) drawList(all);
    changed();
  };
  const drawList = (all: readonly Entry[]) => {
    empty.hidden = all.length > 0;
    list.hidden = all.length === 0;
    list.replaceChildren(...[...all].reverse().map((entry) => line(entry, Date.now())));
  };
  const open = () => {
    drawList(entries());
    opened.show();
    draw();
  };
  document.addEventListener("pointerdown", ({ target }) => root.contains(target as Node) || opened.hide(), { signal });
  draw();
  return {
    root,
    get newest() {
      return newest;
    },
    add(feed, until) {
      feeds.add(feed);
      feed.onChange(draw, until);
      until.addEventListener("abort", () => feeds.delete(feed), { once: true });
      draw();
    },
  };
}

/** When something was said, as short as it is clear. */
export function whenSaid(timeMs: number, nowMs: number): string {
  const isToday = new Date(timeMs).toDateString() === new Date(nowMs).toDateString();
  return isToday ? formatClock(timeMs, "minute") : `${formatDay(timeMs, nowMs)} ${formatClock(timeMs, "minute")}`;
}

function line(entry: Entry, nowMs: number): HTMLElement {
  const head = element("div", { class: "rtw-bell__head" }, names("rtw-bell__who", noticeHead(entry)), element("time", { text: whenSaid(entry.timeMs, nowMs) }));
  return element("div", { class: "rtw-bell__line", role: "listitem" }, levelMark(entry.level), element("div", { class: "rtw-bell__said" }, head, element("div", { class: "rtw-bell__text", prose: entry.text })));
}
