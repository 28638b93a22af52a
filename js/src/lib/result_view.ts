// What a command returned, as people read it.

import { cut, MAX_PROSE } from "./cut.ts";
import { element } from "./dom.ts";
import { isObject } from "../feeds/columns.ts";
import { formatCell } from "./format.ts";

/** Every digit counts: a result is not a reading. */
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 });
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
    el.replaceChildren(element("div", { class: "rtw-result__text", prose: counted(resultText(result)) }));
  } else if (isObject(result) && isFlat(result)) {
    el.replaceChildren(
      element(
        "div",
        { class: "rtw-result__pairs" },
        ...Object.entries(result).flatMap(([name, value]) => [
          element("span", { class: "rtw-result__name", text: name }),
          element("span", { class: "rtw-result__value", prose: counted(resultText(value)) }),
        ]),
      ),
    );
  } else {
    el.replaceChildren(element("pre", { class: "rtw-result__json", prose: counted(JSON.stringify(result, null, 2)) }));
  }
}

function isFlat(result: { readonly [name: string]: unknown }): boolean {
  const values = Object.values(result);
  return values.length > 0 && values.length <= MAX_PAIRS && values.every((value) => typeof value !== "object" || value === null);
}

/** With how long it is where that is not all shown. */
function counted(text: string): string {
  if (text.length <= MAX_PROSE) return text;
  const length = ` (${text.length} characters)`;
  return cut(text, MAX_PROSE - length.length) + length;
}
