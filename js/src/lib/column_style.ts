// How a table's column looks, judged by the cells it holds: side, decimals, width.

import type { Key, Row } from "../connection/types.ts";
import { decimalsFor, formatClock, formatDay, formatNumber, looksLikeTime, shortCell } from "./format.ts";

export interface ColumnStyle {
  readonly kind: "number" | "time" | "text";
  readonly decimals: number;
  /** Whether thousands are set apart: amounts yes, numbers that name something no. */
  readonly grouped: boolean;
  /** The longest of the sampled cells, as shown. */
  readonly longest: string;
  /** Whether there was any cell to judge by. */
  readonly judged: boolean;
}

const SAMPLE = 200;

/** Some of the rows, from everywhere: the first ones of a table are often its smallest. Of few rows, all. */
export function sampleOf(rows: ReadonlyMap<Key, Row>): ReadonlyMap<Key, Row> {
  const stride = Math.floor(rows.size / SAMPLE);
  if (stride <= 1) return rows;
  const sample = new Map<Key, Row>();
  let i = 0;
  for (const [key, row] of rows) if (i++ % stride === 0 || i === rows.size) sample.set(key, row);
  return sample;
}

/** Judge a column by a sample of its rows, and by a cell in sight if the sample may miss the only ones. */
export function styleOfColumn(name: string, rows: ReadonlyMap<Key, Row>, isKey: boolean, inSight: unknown = null): ColumnStyle {
  const cells = inSight === null ? [] : [inSight];
  for (const row of sampleOf(rows).values()) {
    const cell = row.get(name);
    if (cell !== null && cell !== undefined) cells.push(cell);
  }
  const numbers = cells.filter((cell): cell is number => typeof cell === "number");
  const numeric = numbers.length > 0 && numbers.length === cells.length;
  const times = numeric && numbers.every((cell) => Number.isInteger(cell) && looksLikeTime(cell));
  const kind = times ? "time" : numeric ? "number" : "text";
  const decimals = kind === "number" ? decimalsFor(numbers) : 0;
  const style = { kind, decimals, grouped: !isKey } as const;
  const texts = cells.map((cell) => cellText(cell, style, 0));
  const longest = texts.reduce((most, text) => (text.length > most.length ? text : most), "");
  return { ...style, longest, judged: cells.length > 0 };
}

/** A cell as its column shows it, the beginning of a long one. */
export function cellText(cell: unknown, { kind, decimals, grouped }: Pick<ColumnStyle, "kind" | "decimals" | "grouped">, nowMs: number): string {
  if (typeof cell !== "number") return shortCell(cell);
  if (kind === "time") return sameDay(cell, nowMs) ? formatClock(cell) : `${formatDay(cell, nowMs)} ${formatClock(cell)}`;
  if (!grouped && Number.isSafeInteger(cell)) return String(cell);
  return formatNumber(cell, kind === "number" ? decimals : null);
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** "-price" is price, largest first. */
export function parseSort(sort: string): { column: string; descending: boolean } | null {
  if (sort === "") return null;
  return sort.startsWith("-") ? { column: sort.slice(1), descending: true } : { column: sort, descending: false };
}
