// What of a channel is a notice, and how that is laid out, in a toast and in a list.

import { isToOne } from "../connection/own_notices.ts";
import type { HubEvent } from "../connection/types.ts";
import { element, icon } from "./dom.ts";
import { entryOf, type Entry, type Level } from "./entry.ts";
import { showsSomething } from "./names.ts";
import { shortName } from "./titles.ts";

const ICONS: Record<Level, string> = {
  debug: "M8 4.5v4M8 11v.5",
  info: "M8 7.5v4M8 4.5V5",
  success: "M4.5 8.5 7 11l4.5-5.5",
  warning: "M8 4.5v4M8 11v.5",
  error: "M5 5l6 6M11 5l-6 6",
};
/** Said to who can't see the colour. */
const WORDS: Record<Level, string> = { debug: "debug", info: "note", success: "done", warning: "warning", error: "error" };

/** Each event is read once, however often its list is drawn. */
const notices = new WeakMap<HubEvent, Entry | null>();

/**
 * Read an event of a channel as a notice; null where it has no text that can be seen. That it is for one user, and what
 * it is about, says the hub alone: in a channel where others write, it is no more than what somebody says.
 */
export function noticeOf(event: HubEvent, channel: string): Entry | null {
  let notice = notices.get(event);
  if (notice === undefined) {
    const entry = entryOf(event);
    const isNone = event.data === null || !showsSomething(entry.text);
    notice = isNone ? null : isToOne(channel) ? entry : { ...entry, type: "", about: "" };
    notices.set(event, notice);
  }
  return notice;
}

/** The sign of a level, with its name for who can't see it. */
export function levelMark(level: Level): HTMLElement {
  const mark = element("span", { class: "rtw-level" }, icon(ICONS[level]), element("span", { class: "rtw-unseen", text: WORDS[level] }));
  mark.dataset.tone = level;
  return mark;
}

/** Who says it, and in what way; "" where nobody is known. */
export function noticeHead({ who, type, about }: Entry): string {
  const where = about ? shortName(about).replace(/#.*$/u, "") : "";
  if (type === "direct") return who ? `${who}, to you` : "To you";
  if (type === "mention") return `${who || "Somebody"} mentioned you${where ? ` in ${where}` : ""}`;
  return who;
}
