// Reading columns, equal-length arrays by name, that come from outside.

import type { Columns, Key } from "../connection/types.ts";
import { Malformed } from "./feed.ts";

export type JsonObject = { readonly [name: string]: unknown };

export function isObject(data: unknown): data is JsonObject {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

/** The value as an object, or Malformed with what it should have been. */
export function asObject(data: unknown, what: string): JsonObject {
  if (!isObject(data)) throw new Malformed(`${what} is not an object`);
  return data;
}

export function asArray(data: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(data)) throw new Malformed(`${what} is not an array`);
  return data;
}

/** Columns of equal length; without a prototype, as names such as "constructor" may come. */
export function asColumns(data: unknown, what: string): Columns {
  const columns: Columns = Object.create(null) as Columns;
  let length = -1;
  let first = "";
  for (const [name, cells] of Object.entries(asObject(data, what))) {
    if (!Array.isArray(cells)) throw new Malformed(`${what}: column "${name}" is not an array`);
    if (length < 0) {
      length = cells.length;
      first = name;
    } else if (cells.length !== length) {
      throw new Malformed(
        `${what}: column "${name}" has ${cells.length} rows, but "${first}" has ${length}; columns are of equal length`,
      );
    }
    columns[name] = cells;
  }
  return columns;
}

/** How many rows columns have. */
export function rowCount(columns: Columns): number {
  for (const name in columns) return columns[name]?.length ?? 0;
  return 0;
}

export function isKey(value: unknown): value is Key {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
