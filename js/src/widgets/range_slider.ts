// RangeSlider: two numbers, a lower and an upper one, that every viewer sees and moves.

import { sliderKind } from "../lib/slider_control.ts";

function isRange(value: unknown): value is readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [from, to]: unknown[] = value;
  return typeof from === "number" && typeof to === "number" && from <= to;
}

export default sliderKind({
  kind: "range_slider",
  names: (title) => [`${title}, from`, `${title}, to`],
  read: (value) => (isRange(value) ? value : null),
  write: (values) => values,
  says: "a range slider shows two numbers, the lower one first",
});
