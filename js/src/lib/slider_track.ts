// A rail with thumbs on it, for a number or for a range: pointer, keyboard, and what is read aloud.

import { element, setText } from "./dom.ts";
import { decimalsFor, formatNumber } from "./format.ts";
import { movingKey, ownKeys } from "./keys.ts";
import { fraction, keyMove, nearestThumb, snap, within, type SliderScale } from "./slider_scale.ts";

export interface SliderTrackOptions {
  readonly scale: SliderScale;
  readonly unit: string;
  /** What each thumb is called, from left to right. */
  readonly names: readonly string[];
  /** The hand has put the thumbs here. */
  readonly moved: (values: number[]) => void;
  /** The hand is on it. */
  readonly hold: () => void;
  readonly release: () => void;
}

export interface SliderTrack {
  readonly parts: readonly HTMLElement[];
  /** Put the thumbs there; null where no position is known. */
  show(values: readonly number[] | null): void;
  enable(enabled: boolean): void;
}

/** Build the rail; thumbs never pass each other. */
export function sliderTrack({ scale, unit, names, moved, hold, release }: SliderTrackOptions, signal: AbortSignal): SliderTrack {
  const { min, max } = scale;
  const decimals = decimalsFor([min, max, scale.step], 15);
  const spelled = (value: number) => formatNumber(value, decimals);
  const behind = unit ? ` ${unit}` : "";
  const thumbs = names.map((name) => element("div", { class: "rtw-slider__thumb", role: "slider", label: name }));
  const fill = element("div", { class: "rtw-slider__fill" });
  const track = element("div", { class: "rtw-slider__track" }, element("div", { class: "rtw-slider__rail" }), fill, ...thumbs);
  const label = element("output", { class: "rtw-slider__value" });
  const widest = Math.max(spelled(min).length, spelled(max).length);
  // Room for either end, so that the track keeps its width.
  label.style.minWidth = `${widest * names.length + (names.length - 1) * 3 + behind.length}ch`;
  // A thumb of one starts at the left end, those of a range at both.
  let values: number[] = names.map((_, i) => (names.length > 1 && i === names.length - 1 ? max : min));
  let known = false;
  let enabled = true;
  let held = 0;

  const move = (index: number, to: number) => {
    const next = within(values, index, to);
    if (known && next[index] === values[index]) return;
    moved(next);
  };
  const at = (event: PointerEvent) => {
    const box = track.getBoundingClientRect();
    return min + ((event.clientX - box.left) / Math.max(1, box.width)) * (max - min);
  };
  track.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || !enabled) return;
      event.preventDefault();
      held = nearestThumb(values, at(event));
      thumbs[held]?.focus({ preventScroll: true });
      track.setPointerCapture(event.pointerId);
      hold();
      move(held, snap(at(event), scale));
    },
    { signal },
  );
  track.addEventListener("pointermove", (event) => track.hasPointerCapture(event.pointerId) && move(held, snap(at(event), scale)), { signal });
  track.addEventListener("lostpointercapture", release, { signal });
  thumbs.forEach((thumb, index) => {
    thumb.tabIndex = 0;
    thumb.setAttribute("aria-orientation", "horizontal");
    ownKeys(thumb, movingKey, signal);
    thumb.addEventListener(
      "keydown",
      (event) => {
        const next = enabled && movingKey(event) ? keyMove(event.key, values[index] ?? min, scale) : null;
        if (next === null) return;
        event.preventDefault();
        move(index, next);
      },
      { signal },
    );
  });
  return {
    parts: [track, label],
    show(given) {
      known = given !== null;
      track.classList.toggle("rtw-slider__track--unset", !known);
      setText(label, given ? given.map(spelled).join(" – ") + behind : "–");
      if (given) values = [...given];
      const places = values.map((value) => fraction(value, scale));
      const from = places.length > 1 ? (places[0] ?? 0) : 0;
      track.style.setProperty("--from", String(from));
      track.style.setProperty("--to", String(places.at(-1) ?? 0));
      thumbs.forEach((thumb, index) => {
        thumb.style.setProperty("--at", String(places[index] ?? 0));
        thumb.setAttribute("aria-valuemin", String(values[index - 1] ?? min));
        thumb.setAttribute("aria-valuemax", String(values[index + 1] ?? max));
        const value = values[index] ?? min;
        // An unknown value stands nowhere; the role wants a number all the same.
        thumb.setAttribute("aria-valuenow", String(value));
        thumb.setAttribute("aria-valuetext", known ? spelled(value) + behind : "not set");
      });
    },
    enable(on) {
      enabled = on;
      for (const thumb of thumbs) thumb.setAttribute("aria-disabled", String(!on));
    },
  };
}
