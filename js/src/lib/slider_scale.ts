// Values a slider can stand on.

export interface SliderScale {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** The step a slider takes when none was chosen: 1 for whole ends far apart, else about a hundredth, as 1, 2 or 5. */
export function defaultStep(min: number, max: number): number {
  const span = max - min;
  // Ends that are no scale come from peers only.
  if (!(span > 0 && span < Number.POSITIVE_INFINITY)) return 1;
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

/** The values with one of them moved, no further than its neighbours. */
export function within(values: readonly number[], index: number, to: number): number[] {
  const low = values[index - 1] ?? Number.NEGATIVE_INFINITY;
  const high = values[index + 1] ?? Number.POSITIVE_INFINITY;
  return values.map((value, i) => (i === index ? Math.min(high, Math.max(low, to)) : value));
}

/** Which thumb a hand means that comes down at a value; of some at one place the one that can go there. */
export function nearestThumb(values: readonly number[], at: number): number {
  let nearest = 0;
  values.forEach((value, index) => {
    const gain = Math.abs(at - (values[nearest] ?? 0)) - Math.abs(at - value);
    if (gain > 0 || (gain === 0 && at > value)) nearest = index;
  });
  return nearest;
}
