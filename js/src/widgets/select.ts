// Select: one of some choices, that every viewer sees and chooses.

import { choices, indexOf, type Choice } from "../lib/choices.ts";
import { controlCard, openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
import { element } from "../lib/dom.ts";
import { ownKeys, typingKey } from "../lib/keys.ts";
import { text } from "../lib/options.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly choices: readonly Choice[];
  readonly title: string;
}

export default defineWidget<Options, ControlState>({
  kind: "select",
  channels: ["value"],
  options: { choices: choices(), title: text("") },
  open: openControl,
  picture: pictureOfControl,

  show(spec, state, el, signal) {
    const list = spec.options.choices;
    const box = element("select", { class: "rtw-control__field rtw-select__box" });
    // Shown where the value is none of the choices; it can't be chosen.
    const none = element("option", { text: "–", hidden: true });
    none.disabled = true;
    box.append(none, ...list.map(({ label }) => element("option", { text: label })));
    ownKeys(box, typingKey, signal);
    box.addEventListener(
      "change",
      () => {
        const choice = list[box.selectedIndex - 1];
        if (choice) control.shared.set(choice.value);
      },
      { signal },
    );
    const control = controlCard(
      el,
      spec,
      state,
      {
        class: "rtw-select",
        misfit: (value) => (indexOf(list, value) < 0 ? "that is none of the choices here" : ""),
        show: (value) => {
          const index = indexOf(list, value) + 1;
          if (box.selectedIndex !== index) box.selectedIndex = index;
        },
        enable: (enabled) => (box.disabled = !enabled),
      },
      signal,
    );
    box.setAttribute("aria-label", control.title);
    control.view.body.append(box);
    control.start();
  },
});
