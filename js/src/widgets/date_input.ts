// DateInput: a date, or a moment, that every viewer sees and chooses.

import { openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
import { parseDate, parseMoment, spellDate, spellMoment } from "../lib/date_text.ts";
import { flag, text } from "../lib/options.ts";
import { typedField } from "../lib/typed_field.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly time: boolean;
  readonly title: string;
}

export default defineWidget<Options, ControlState>({
  kind: "date_input",
  channels: ["value"],
  options: { time: flag(false), title: text("") },
  open: openControl,
  picture: pictureOfControl,

  show(spec, state, el, signal) {
    const { time } = spec.options;
    const field = typedField(
      el,
      spec,
      state,
      {
        class: "rtw-date",
        type: time ? "datetime-local" : "date",
        spell: time ? spellMoment : spellDate,
        parse: time ? parseMoment : parseDate,
        says: time ? "a date and time has its zone, as in '2026-11-25T10:00:00Z'" : "a date is written as in '2026-11-25'",
      },
      signal,
    );
    if (time) field.input.title = "in your own time zone";
    field.control.start();
  },
});
