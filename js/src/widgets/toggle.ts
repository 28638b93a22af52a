// Toggle: a yes or no that every viewer sees and flips.

import { controlCard, openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
import { button, element, setText } from "../lib/dom.ts";
import { text } from "../lib/options.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly title: string;
}

export default defineWidget<Options, ControlState>({
  kind: "toggle",
  channels: ["value"],
  options: { title: text("") },
  open: openControl,
  picture: pictureOfControl,

  show(spec, state, el, signal) {
    let on = false;
    const face = button({ class: "rtw-toggle__switch", role: "switch" }, () => control.shared.set(!on), signal);
    face.append(element("span", { class: "rtw-toggle__knob" }));
    const word = element("span", { class: "rtw-toggle__word" });
    const control = controlCard(
      el,
      spec,
      state,
      {
        class: "rtw-toggle",
        misfit: (value) => (typeof value === "boolean" ? "" : "a toggle shows true and false"),
        show: (value) => {
          const known = typeof value === "boolean";
          on = value === true;
          face.classList.toggle("rtw-toggle__switch--unset", !known);
          face.setAttribute("aria-checked", String(on));
          setText(word, known ? (on ? "on" : "off") : "–");
        },
        enable: (enabled) => (face.disabled = !enabled),
      },
      signal,
    );
    face.setAttribute("aria-label", control.title);
    control.view.body.append(face, word);
    control.start();
  },
});
