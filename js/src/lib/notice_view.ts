// How a notice is laid out, in a toast and in a list.

import { element, icon } from "./dom.ts";
import type { Entry, Level } from "./entry.ts";
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
