// Fewer rows that look the same in a line.

/**
 * Indices of at most `most` of `count` rows: first and last, and the smallest and largest of each part between them.
 *
 * rtwidgets/widgets/thinning.py does so for files that a kernel saves.
 */
export function thinned(count: number, most: number, y: (index: number) => number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const kept = new Set([0, count - 1]);
  const parts = Math.max(1, Math.floor((most - 2) / 2));
  for (let part = 0; part < parts; part++) {
    const first = 1 + Math.floor((part * (count - 2)) / parts);
    const end = 1 + Math.floor(((part + 1) * (count - 2)) / parts);
    let [low, high] = [first, first];
    for (let i = first; i < end; i++) {
      // Whatever is missing gives way to the first value.
      if (y(i) < y(low) || Number.isNaN(y(low))) low = i;
      if (y(i) > y(high) || Number.isNaN(y(high))) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b);
}

/** A number, its fraction as short as seven digits in all make it; null for none. */
export function short(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  return Number.isInteger(value) ? value : Number(value.toPrecision(7));
}
