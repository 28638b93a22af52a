// What a command returned, as people read it.

import { element } from "./dom.ts";
import { isObject } from "../feeds/columns.ts";
import { formatCell } from "./format.ts";

/** Every digit counts: a result is not a reading. */
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 });
const MAX_CHARS = 20_000;
const MAX_PAIRS = 50;

/** A result as one line of text. */
export function resultText(result: unknown): string {
  return typeof result === "number" && Number.isFinite(result) ? exact.format(result).replace("-", "\u2212") : formatCell(result);
}

/** Show a result: a word as a word, an object of words as a list of pairs, everything else as JSON. */
export function showResult(el: HTMLElement, result: unknown): void {
  el.hidden = result === null || result === undefined;
  if (el.hidden) return el.replaceChildren();
  if (typeof result !== "object") {
    el.replaceChildren(element("div", { class: "rtw-result__text", text: cut(resultText(result)) }));
  } else if (isObject(result) && isFlat(result)) {
    el.replaceChildren(
      element(
        "div",
        { class: "rtw-result__pairs" },
        ...Object.entries(result).flatMap(([name, value]) => [
          element("span", { class: "rtw-result__name", text: cut(name) }),
          element("span", { class: "rtw-result__value", text: cut(resultText(value)) }),
        ]),
      ),
    );
  } else {
    el.replaceChildren(element("pre", { class: "rtw-result__json", text: cut(JSON.stringify(result, null, 2)) }));
  }
}

function isFlat(result: { readonly [name: string]: unknown }): boolean {
  const values = Object.values(result);
  return values.length > 0 && values.length <= MAX_PAIRS && values.every((value) => typeof value !== "object" || value === null);
}

function cut(text: string): string {
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}… (${text.length} characters)` : text;
}
