// Slider: a number that every viewer sees and moves.

import { element, setText } from "../lib/dom.ts";
import { controlCard, openControl, pictureOfControl, type ControlState } from "../lib/control.ts";
import { decimalsFor, formatNumber } from "../lib/format.ts";
import { movingKey, ownKeys } from "../lib/keys.ts";
import { number, numberOrNull, text } from "../lib/options.ts";
import { defaultStep, fraction, keyMove, snap, type SliderScale } from "../lib/slider_scale.ts";
import { markSaved } from "../lib/saved_mark.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly min: number;
  readonly max: number;
  readonly step: number | null;
  readonly title: string;
  readonly unit: string;
}

export default defineWidget<Options, ControlState>({
  kind: "slider",
  channels: ["value"],
  options: { min: number(0), max: number(100), step: numberOrNull(), title: text(""), unit: text("") },
  open: openControl,
  picture: pictureOfControl,

  show({ options, problems }, state, el, signal) {
    const { min, max } = options;
    const scale: SliderScale = { min, max, step: options.step ?? defaultStep(min, max) };
    const decimals = decimalsFor([min, max, scale.step], 15);
    const thumb = element("div", { class: "rtw-slider__thumb" });
    const fill = element("div", { class: "rtw-slider__fill" });
    const track = element("div", { class: "rtw-slider__track", role: "slider" }, element("div", { class: "rtw-slider__rail" }), fill, thumb);
    const label = element("output", { class: "rtw-slider__value" });
    const spelled = (value: number) => formatNumber(value, decimals) + (options.unit ? ` ${options.unit}` : "");
    // Room for either end, so that the track keeps its width.
    label.style.minWidth = `${Math.max(spelled(min).length, spelled(max).length)}ch`;
    track.tabIndex = 0;
    ownKeys(track, movingKey, signal);
    track.setAttribute("aria-valuemin", String(min));
    track.setAttribute("aria-valuemax", String(max));

    let value = min;
    const show = (given: unknown) => {
      const known = typeof given === "number" && Number.isFinite(given);
      track.classList.toggle("rtw-slider__track--unset", !known);
      setText(label, known ? spelled(given) : "–");
      if (!known) return;
      value = given;
      track.style.setProperty("--at", String(fraction(given, scale)));
      track.setAttribute("aria-valuenow", String(given));
      track.setAttribute("aria-valuetext", spelled(given));
    };
    const { view, shared, title } = controlCard(el, "rtw-slider", options.title, problems, state, { type: "number", says: "a slider shows numbers" }, show, signal);
    track.setAttribute("aria-label", title);
    view.body.append(track, label);
    markSaved(view.root, state.link, [track], signal);
    shared.incoming();

    const moveTo = (next: number) => {
      if (next !== value || track.classList.contains("rtw-slider__track--unset")) shared.set(next);
    };
    const at = (event: PointerEvent) => {
      const box = thumb.parentElement?.getBoundingClientRect() ?? new DOMRect();
      moveTo(snap(min + ((event.clientX - box.left) / Math.max(1, box.width)) * (max - min), scale));
    };
    track.addEventListener(
      "pointerdown",
      (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        track.focus({ preventScroll: true });
        track.setPointerCapture(event.pointerId);
        shared.hold();
        at(event);
      },
      { signal },
    );
    track.addEventListener("pointermove", (event) => track.hasPointerCapture(event.pointerId) && at(event), { signal });
    track.addEventListener("lostpointercapture", () => shared.release(), { signal });
    track.addEventListener(
      "keydown",
      (event) => {
        const next = movingKey(event) ? keyMove(event.key, value, scale) : null;
        if (next === null) return;
        event.preventDefault();
        moveTo(next);
      },
      { signal },
    );
  },
});
