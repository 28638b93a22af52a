// What stands in the middle of a page that has nothing else to show.

import { element, icon } from "../lib/dom.ts";
import type { Notice } from "./words.ts";

const MARK = "M2 11.5 5.2 6l2.6 3.4L10.4 4 14 11.5";

/** The sign of the house. */
export function mark(): HTMLElement {
  return element("span", { class: "rtw-host__mark" }, icon(MARK));
}

/** A card with a heading, what it says, and what can be done. */
export function card({ title, text, passing }: Notice, ...more: Node[]): HTMLElement {
  const heading = element("h1", { class: "rtw-host__heading", text: title });
  const said = element("p", { class: "rtw-host__text", text });
  const waiting = passing ? [element("span", { class: "rtw-host__waiting" })] : [];
  const made = element("section", { class: "rtw-host__card" }, mark(), heading, said, ...waiting, ...more);
  made.setAttribute("role", passing ? "status" : "alert");
  return made;
}
