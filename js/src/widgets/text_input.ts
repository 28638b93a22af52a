// TextInput: a line of text that every viewer sees and writes.

import { openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
import { cut, MAX_LINE, MAX_TYPED } from "../lib/cut.ts";
import { formatNumber } from "../lib/format.ts";
import { text } from "../lib/options.ts";
import { typedField } from "../lib/typed_field.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly title: string;
  readonly placeholder: string;
}

export default defineWidget<Options, ControlState>({
  kind: "text_input",
  channels: ["value"],
  options: { title: text(""), placeholder: text("") },
  open: openControl,
  picture: pictureOfControl,

  show(spec, state, el, signal) {
    const field = typedField(
      el,
      spec,
      state,
      {
        class: "rtw-text",
        type: "text",
        spell: (value) => (value === null || value === undefined ? "" : typeof value === "string" && value.length <= MAX_TYPED ? value : null),
        parse: (typed) => ({ value: typed }),
        says: `a text field shows texts of up to ${formatNumber(MAX_TYPED)} characters`,
      },
      signal,
    );
    field.input.placeholder = cut(spec.options.placeholder, MAX_LINE);
    field.control.start();
  },
});
