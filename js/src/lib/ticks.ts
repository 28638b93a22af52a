// Where a time axis is marked, and how its marks read.

import { formatClock, formatDay } from "./format.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps a clock or calendar is read in, in milliseconds. */
export const TIME_STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

/** No axis has room for more. */
export const MOST_TICKS = 500;

/** Marks at multiples of the step, counted from `shift`. They are counted, not stepped through: a small step may be lost in a large number. */
export function evenTicks(from: number, to: number, step: number, shift = 0): number[] {
  const first = Math.ceil((from - shift) / step);
  const count = Math.floor((to - shift) / step) - first + 1;
  if (!(count > 0)) return [];
  return Array.from({ length: Math.min(count, MOST_TICKS) }, (_, i) => (first + i) * step + shift).filter(Number.isFinite);
}

/** Marks at multiples of the step, counted from the reader's midnight. */
export function timeTicks(from: number, to: number, step: number): number[] {
  return evenTicks(from, to, step, new Date(to).getTimezoneOffset() * MINUTE);
}

/** How the marks of a step read; the first, and each new day, also says the day when steps are long. */
export function timeLabels(ticks: readonly number[], step: number, nowMs: number): string[] {
  const precision = step < SECOND ? "ms" : step < MINUTE ? "second" : "minute";
  return ticks.map((tick, i) => {
    if (step >= DAY) return formatDay(tick, nowMs);
    const before = ticks[i - 1];
    const clock = formatClock(tick, precision);
    const newDay = before !== undefined && new Date(before).getDate() !== new Date(tick).getDate();
    return newDay ? formatDay(tick, nowMs) : clock;
  });
}
