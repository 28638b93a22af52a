// Values a slider can stand on.

export interface SliderScale {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** The step a slider takes when none was chosen: 1 for whole ends far apart, else about a hundredth, as 1, 2 or 5. */
export function defaultStep(min: number, max: number): number {
  const span = max - min;
  if (Number.isInteger(min) && Number.isInteger(max) && span >= 20) return 1;
  const rough = span / 100;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((n) => n * power >= rough * 0.999) ?? 10) * power;
  return Number(step.toPrecision(6));
}

/** The nearest value on the scale. */
export function snap(value: number, { min, max, step }: SliderScale): number {
  const snapped = min + Math.round((value - min) / step) * step;
  // Sums of steps such as 0.1 carry noise in the last place.
  return Number(Math.min(max, Math.max(min, snapped)).toPrecision(12));
}

/** How far along a value stands, 0 to 1. */
export function fraction(value: number, { min, max }: SliderScale): number {
  return max > min ? Math.min(1, Math.max(0, (value - min) / (max - min))) : 0;
}

/** What a key does to the value; null when the key is none of a slider's. */
export function keyMove(key: string, value: number, scale: SliderScale): number | null {
  const page = Math.max(scale.step, (scale.max - scale.min) / 10);
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return snap(value - scale.step, scale);
    case "ArrowRight":
    case "ArrowUp":
      return snap(value + scale.step, scale);
    case "PageDown":
      return snap(value - page, scale);
    case "PageUp":
      return snap(value + page, scale);
    case "Home":
      return scale.min;
    case "End":
      return scale.max;
    default:
      return null;
  }
}
