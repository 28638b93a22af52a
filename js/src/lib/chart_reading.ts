// Reading a chart with the keyboard: from value to value, in steps that can be seen.

import type { SortedRows } from "./rows.ts";

const STEP_PX = 4;
const PAGE_PX = 80;

/**
 * The x to read next; null where there is nothing to read.
 *
 * Args: the key, the lines' rows, the x that was read last, the range in sight, and how much x one pixel is.
 */
export function nextReading(key: string, lines: readonly SortedRows[], from: number | null, [low, high]: readonly [number, number], pixel: number): number | null {
  const rows = lines.filter((one) => one.length > 0 && one.lastX >= low);
  if (rows.length === 0) return null;
  const first = Math.min(...rows.map((one) => one.x(one.indexFrom(low))));
  const last = Math.min(high, Math.max(...rows.map(({ lastX }) => lastX)));
  if (key === "Home") return first;
  if (key === "End" || from === null) return last;
  const step = pixel * (key.startsWith("Page") ? PAGE_PX : STEP_PX);
  const forward = key === "ArrowRight" || key === "ArrowUp" || key === "PageUp";
  const found = rows.map((one) => {
    const i = forward ? one.indexFrom(from + step) : one.indexAfter(from - step) - 1;
    return i < 0 || i >= one.length ? (forward ? last : first) : one.x(i);
  });
  const next = forward ? Math.min(...found) : Math.max(...found);
  return Math.min(last, Math.max(first, next));
}
