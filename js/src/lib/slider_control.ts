// What a slider and a range slider have in common: all but what their value is.

import { controlCard, openControl, pictureOfControl, type ControlState } from "./control.ts";
import { number, numberOrNull, step as stepOf, text } from "./options.ts";
import { defaultStep } from "./slider_scale.ts";
import { sliderTrack } from "./slider_track.ts";
import { titleOf } from "./titles.ts";
import { defineWidget, type WidgetKind } from "./widget.ts";

interface Options {
  readonly min: number;
  readonly max: number;
  readonly step: number | null;
  readonly title: string;
  readonly unit: string;
}

export interface SliderKind {
  readonly kind: string;
  /** What each thumb of a control with this title is called, from left to right. */
  readonly names: (title: string) => string[];
  /** Where the thumbs stand for a value; null where it is of another form. */
  readonly read: (value: unknown) => readonly number[] | null;
  /** The value for thumbs that stand there. */
  readonly write: (values: number[]) => unknown;
  /** What is said of a value of another form. */
  readonly says: string;
}

export function sliderKind({ kind, names, read, write, says }: SliderKind): WidgetKind {
  return defineWidget<Options, ControlState>({
    kind,
    channels: ["value"],
    options: { min: number(0), max: number(100), step: stepOf(numberOrNull()), title: text(""), unit: text("") },
    open: openControl,
    picture: pictureOfControl,

    show(spec, state, el, signal) {
      const { min, max, step, unit, title } = spec.options;
      const track = sliderTrack(
        {
          scale: { min, max, step: step ?? defaultStep(min, max) },
          unit,
          names: names(title || titleOf(state.channel)),
          moved: (values) => control.shared.set(write(values)),
          hold: () => control.shared.hold(),
          release: () => control.shared.release(),
        },
        signal,
      );
      const control = controlCard(
        el,
        spec,
        state,
        {
          class: "rtw-slider",
          misfit: (value) => (read(value) ? "" : says),
          show: (value) => track.show(read(value)),
          enable: track.enable,
        },
        signal,
      );
      control.view.body.append(...track.parts);
      control.start();
    },
  });
}
