// Cells of columns as numbers, times and names.

import { looksLikeTime } from "./format.ts";

/** A cell as a number; NaN when it is none. */
export function toNumber(cell: unknown): number {
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : Number.NaN;
  if (typeof cell === "boolean") return cell ? 1 : 0;
  return Number.NaN;
}

/** Farthest from zero that a position may be: the distance of two of them is a number, too. */
const FARTHEST = 1e300;
/** The last time, in either direction, that a calendar has. */
const LAST_TIME_MS = 8.64e15;

/** An x cell: a number, or a time written as text, in milliseconds; NaN when it is none that can be drawn. */
export function toPosition(cell: unknown, isTime = false): number {
  const x = typeof cell === "string" ? Date.parse(cell) : toNumber(cell);
  return Math.abs(x) <= (isTime ? LAST_TIME_MS : FARTHEST) ? x : Number.NaN;
}

/** The least part of the largest of its numbers that a range of x spans: less could not be told apart in pixels. */
const LEAST_PART = 1e-11;
const LEAST_SPAN = 1e-300;

/** This range, or one around it that is wide enough to be divided into pixels. */
export function divisible(from: number, to: number): [from: number, to: number] {
  const least = Math.max(LEAST_SPAN, LEAST_PART * Math.max(Math.abs(from), Math.abs(to)));
  if (to - from >= least) return [from, to];
  const middle = from + (to - from) / 2;
  return [middle - least / 2, middle + least / 2];
}

/** Any JSON as text: a text as it is. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Smallest and largest of these x cells; infinities the wrong way round when there are none. */
export function extent(cells: readonly unknown[]): [least: number, most: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cell of cells) {
    const x = toPosition(cell);
    if (x < least) least = x;
    if (x > most) most = x;
  }
  return [least, most];
}

/** How far back all times of a batch must lie for a new beginning where no window says it. */
const NEW_BEGINNING_MS = 120_000;

/** Whether a batch that ends at `most` begins the flow anew, such as a recording that is played again. */
export function beginsAnew(most: number, newest: number, windowMs: number | null): boolean {
  return most < newest - (windowMs ?? NEW_BEGINNING_MS);
}

export type CellKind = "number" | "time" | "text" | "none";

/** What a column holds, judged by its name and its first cell that is not null. */
export function kindOfColumn(name: string, cells: readonly unknown[]): CellKind {
  const cell = cells.find((value) => value !== null && value !== undefined);
  if (typeof cell === "number") return name === "time" || (Number.isInteger(cell) && looksLikeTime(cell)) ? "time" : "number";
  if (typeof cell === "boolean") return "number";
  return cell === undefined ? "none" : "text";
}
