// NumberInput: a number that every viewer sees and types or steps.

import { openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
import { button, element, icon } from "../lib/dom.ts";
import { boundsSaid, parseNumber, spellNumber, stepNumber } from "../lib/number_text.ts";
import { number, numberOrNull, step, text } from "../lib/options.ts";
import { typedField } from "../lib/typed_field.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number;
  readonly title: string;
  readonly unit: string;
}

const MINUS = "M3.5 8h9";
const PLUS = "M3.5 8h9M8 3.5v9";
/** Page keys go ten steps. */
const STEPS = new Map([["ArrowUp", 1], ["ArrowDown", -1], ["PageUp", 10], ["PageDown", -10]]);

export default defineWidget<Options, ControlState>({
  kind: "number_input",
  channels: ["value"],
  options: { min: numberOrNull(), max: numberOrNull(), step: step(number(1)), title: text(""), unit: text("") },
  open: openControl,
  picture: pictureOfControl,

  show(spec, state, el, signal) {
    const { step, unit, ...bounds } = spec.options;
    let shown: number | null = null;
    const { control, input, row, set } = typedField(
      el,
      spec,
      state,
      {
        class: "rtw-number",
        type: "text",
        spell: (value) => (typeof value === "number" ? spellNumber(value) : value === null || value === undefined ? "" : null),
        parse: (typed) => parseNumber(typed, bounds),
        says: "a number field shows numbers",
        shown: (value) => {
          shown = typeof value === "number" ? value : null;
          if (shown === null) input.removeAttribute("aria-valuenow");
          else input.setAttribute("aria-valuenow", String(shown));
        },
      },
      signal,
    );
    const move = (steps: number) => {
      const typed = parseNumber(input.value, bounds);
      const from = "value" in typed && typeof typed.value === "number" ? typed.value : shown;
      set(stepNumber(from, steps, step, bounds));
    };
    input.inputMode = "decimal";
    input.setAttribute("role", "spinbutton");
    if (bounds.min !== null) input.setAttribute("aria-valuemin", String(bounds.min));
    if (bounds.max !== null) input.setAttribute("aria-valuemax", String(bounds.max));
    input.title = boundsSaid(bounds);
    input.addEventListener(
      "keydown",
      (event) => {
        const steps = STEPS.get(event.key);
        if (steps === undefined || event.ctrlKey || event.metaKey || event.altKey || input.disabled) return;
        event.preventDefault();
        move(steps);
      },
      { signal },
    );
    // The keyboard has the arrows for it.
    const stepper = (label: string, path: string, steps: number) => {
      const made = button({ class: "rtw-number__step", label }, () => input.disabled || move(steps), signal);
      made.tabIndex = -1;
      made.append(icon(path));
      return made;
    };
    row.prepend(stepper("Less", MINUS, -1));
    row.append(...(unit ? [element("span", { class: "rtw-number__unit", text: unit })] : []), stepper("More", PLUS, 1));
    control.start();
  },
});
