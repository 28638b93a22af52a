// TextInput: a line of text that every viewer sees and writes.

import { openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
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
        spell: (value) => (typeof value === "string" ? value : value === null || value === undefined ? "" : null),
        parse: (typed) => ({ value: typed }),
        says: "a text field shows text",
      },
      signal,
    );
    field.input.placeholder = spec.options.placeholder;
    field.control.start();
  },
});
