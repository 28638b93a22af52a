// Toggle: a yes or no that every viewer sees and flips.

import { element, setText } from "../lib/dom.ts";
import { controlCard, openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
import { text } from "../lib/options.ts";
import { markSaved } from "../lib/saved_mark.ts";
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

  show({ options, problems }, state, el, signal) {
    const control = element("button", { class: "rtw-toggle__switch", role: "switch" }, element("span", { class: "rtw-toggle__knob" }));
    const word = element("span", { class: "rtw-toggle__word" });
    control.type = "button";
    let on = false;
    const show = (given: unknown) => {
      on = given === true;
      const known = typeof given === "boolean";
      control.classList.toggle("rtw-toggle__switch--unset", !known);
      control.setAttribute("aria-checked", String(on));
      setText(word, known ? (on ? "on" : "off") : "–");
    };
    const { view, shared, title } = controlCard(el, "rtw-toggle", options.title, problems, state, { type: "boolean", says: "a toggle shows true and false" }, show, signal);
    control.setAttribute("aria-label", title);
    view.body.append(control, word);
    markSaved(view.root, state.link, [control], signal);
    shared.incoming();
    control.addEventListener("click", () => shared.set(!on), { signal });
  },
});
