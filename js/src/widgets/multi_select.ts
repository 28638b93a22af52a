// MultiSelect: any of some choices, that every viewer sees and ticks.

import { choices, has, indexOf, type Choice } from "../lib/choices.ts";
import { controlCard, openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
import { element } from "../lib/dom.ts";
import { quoted, text } from "../lib/options.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly choices: readonly Choice[];
  readonly title: string;
}

export default defineWidget<Options, ControlState>({
  kind: "multi_select",
  channels: ["value"],
  options: { choices: choices(), title: text("") },
  open: openControl,
  picture: pictureOfControl,

  show(spec, state, el, signal) {
    const list = spec.options.choices;
    const ticks = list.map(({ label }) => {
      const tick = element("input", { class: "rtw-multi__tick" });
      tick.type = "checkbox";
      const chip = element("label", { class: "rtw-multi__choice" }, tick, element("span", { text: label }));
      chip.title = label;
      tick.addEventListener("change", () => set(), { signal });
      return { tick, chip };
    });
    /** What others ticked that is no choice here stays as it is. */
    let others: unknown[] = [];
    const set = () => control.shared.set([...list.filter((_, index) => ticks[index]?.tick.checked).map(({ value }) => value), ...others]);
    const control = controlCard(
      el,
      spec,
      state,
      {
        class: "rtw-multi",
        misfit: (value) => {
          if (!Array.isArray(value)) return "what is ticked here is a list";
          const other = value.find((item) => indexOf(list, item) < 0);
          return other === undefined ? "" : `${quoted(other)} is none of the choices here`;
        },
        show: (value) => {
          const ticked: unknown[] = Array.isArray(value) ? value : [];
          others = ticked.filter((item) => indexOf(list, item) < 0);
          ticks.forEach(({ tick }, index) => (tick.checked = has(ticked, list[index]?.value)));
        },
        enable: (enabled) => {
          for (const { tick } of ticks) tick.disabled = !enabled;
        },
      },
      signal,
    );
    const group = element("div", { class: "rtw-multi__choices", role: "group", label: control.title }, ...ticks.map(({ chip }) => chip));
    control.view.body.append(group);
    control.start();
  },
});
