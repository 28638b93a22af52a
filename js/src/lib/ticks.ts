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

/** Marks at multiples of the step, counted from the reader's midnight. */
export function timeTicks(from: number, to: number, step: number): number[] {
  const shift = new Date(to).getTimezoneOffset() * MINUTE;
  const ticks: number[] = [];
  for (let at = Math.ceil((from - shift) / step) * step + shift; at <= to; at += step) ticks.push(at);
  return ticks;
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
