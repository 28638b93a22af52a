// Slider: a number that every viewer sees and moves.

import { sliderKind } from "../lib/slider_control.ts";

export default sliderKind({
  kind: "slider",
  names: (title) => [title],
  read: (value) => (typeof value === "number" ? [value] : null),
  write: ([value]) => value,
  says: "a slider shows numbers",
});
