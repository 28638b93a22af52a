// Cells of columns as numbers, times and names.

import { looksLikeTime } from "./format.ts";

/** A cell as a number; NaN when it is none. */
export function toNumber(cell: unknown): number {
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : Number.NaN;
  if (typeof cell === "boolean") return cell ? 1 : 0;
  return Number.NaN;
}

/** An x cell: a number, or a time written as text, in milliseconds. */
export function toPosition(cell: unknown): number {
  return typeof cell === "string" ? Date.parse(cell) : toNumber(cell);
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
