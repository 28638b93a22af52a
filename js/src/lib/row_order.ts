// The order of a table's rows, kept while rows come, change and go.

import type { Key, Row, TableChange } from "../connection/types.ts";
import { shortCell } from "./format.ts";

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

type Rows = ReadonlyMap<Key, Row>;

/** Changed rows up to which they are put in place one by one; above it everything is sorted again. */
const PLACE_AT_MOST = 2000;

export class RowOrder {
  keys: Key[] = [];
  #sort: Sort | null = null;

  constructor(
    /** The rows now: a snapshot replaces the map. */
    private readonly current: () => Rows,
    sort: Sort | null,
  ) {
    this.sortBy(sort);
  }

  get sort(): Sort | null {
    return this.#sort;
  }

  sortBy(sort: Sort | null): void {
    this.#sort = sort;
    this.keys = sort ? sortedKeys(this.current(), sort) : [...this.current().keys()];
  }

  /** Take changes that `rows` already has. */
  apply({ reset, changed, removed }: TableChange): void {
    if (reset) return this.sortBy(this.#sort);
    const sort = this.#sort;
    const rows = this.current();
    const moved = sort ? [...changed].filter(([, columns]) => columns.has(sort.column)).map(([key]) => key) : [];
    if (!sort) {
      // Insertion order is the map's own: what is new is at its end.
      if (removed.length || rows.size !== this.keys.length) this.keys = [...rows.keys()];
      return;
    }
    if (!moved.length && !removed.length && rows.size === this.keys.length) return;
    const placed = new Set(this.keys);
    const misplaced = new Set([...moved, ...[...changed.keys()].filter((key) => !placed.has(key))]);
    if (misplaced.size > PLACE_AT_MOST) return this.sortBy(sort);
    const out = new Set<Key>([...removed, ...misplaced]);
    const rest = this.keys.filter((key) => !out.has(key));
    const compare = comparison(rows, sort);
    const into = [...misplaced].filter((key) => rows.has(key)).sort(compare);
    this.keys = merged(rest, into, compare);
  }
}

/** Two ordered lists as one; the second is short, so its places in the first are searched. */
function merged(long: readonly Key[], short: readonly Key[], compare: (a: Key, b: Key) => number): Key[] {
  const result: Key[] = [];
  let from = 0;
  for (const key of short) {
    let low = from;
    let high = long.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(long[middle] as Key, key) <= 0) low = middle + 1;
      else high = middle;
    }
    for (let i = from; i < low; i++) result.push(long[i] as Key);
    result.push(key);
    from = low;
  }
  for (let i = from; i < long.length; i++) result.push(long[i] as Key);
  return result;
}

function sortedKeys(rows: Rows, sort: Sort): Key[] {
  const entries = [...rows].map(([key, row]) => ({ key, cell: folded(row.get(sort.column)) }));
  const direction = sort.descending ? -1 : 1;
  return entries.sort((a, b) => compareCells(a.cell, b.cell, direction)).map(({ key }) => key);
}

/** Which of two rows comes first. Cells are folded once, not at each comparison. */
function comparison(rows: Rows, { column, descending }: Sort): (a: Key, b: Key) => number {
  const cells = new Map<Key, Folded>();
  const cellOf = (key: Key): Folded => {
    let cell = cells.get(key);
    if (cell === undefined) {
      cell = folded(rows.get(key)?.get(column));
      cells.set(key, cell);
    }
    return cell;
  };
  const direction = descending ? -1 : 1;
  return (a, b) => compareCells(cellOf(a), cellOf(b), direction);
}

type Folded = number | string | null;

function folded(cell: unknown): Folded {
  if (typeof cell === "number") return Number.isNaN(cell) ? null : cell;
  if (typeof cell === "string") return shortCell(cell).toLowerCase();
  if (typeof cell === "boolean") return cell ? 1 : 0;
  return cell === null || cell === undefined ? null : shortCell(cell);
}

/** Numbers before text; what is missing comes last in either direction. */
function compareCells(a: Folded, b: Folded, direction: 1 | -1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a !== typeof b) return (typeof a === "number" ? -1 : 1) * direction;
  return a < b ? -direction : a > b ? direction : 0;
}
