// The first rows of a table as they stand, and how many there are.

import type { TableFeed } from "../connection/types.ts";
import { isObject } from "../feeds/columns.ts";
import type { RowOrder, Sort } from "./row_order.ts";

/** A table's snapshot of its first rows in this order, with what a view needs besides. */
export function savedTable(
  feed: TableFeed,
  order: RowOrder,
  columns: readonly string[] | null,
  most: number,
): Readonly<Record<string, unknown>> {
  const { key, rows } = feed;
  // Columns that nobody looks at are left out, but never the key.
  const names = feed.columns.filter((name) => columns === null || columns.includes(name) || name === key || name === order.sort?.column);
  const first = order.keys.slice(0, most).flatMap((name) => rows.get(name) ?? []);
  const cells = names.map((name) => [name, first.map((row) => row.get(name) ?? null)] as const);
  return { key, rows: Object.fromEntries(cells), of: rows.size, sort: order.sort };
}

/** What `savedTable` adds to a snapshot. */
export function readSavedTable(raw: unknown): { readonly of: number; readonly sort: Sort | null } {
  if (!isObject(raw)) return { of: 0, sort: null };
  const { of, sort } = raw;
  return {
    of: typeof of === "number" && Number.isFinite(of) ? of : 0,
    sort: isObject(sort) && typeof sort.column === "string" ? { column: sort.column, descending: sort.descending === true } : null,
  };
}
