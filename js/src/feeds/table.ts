// A table: rows by key; a change may carry some of the columns only.

import { Listeners } from "../connection/listeners.ts";
import type { Columns, Key, Row, TableChange, TableFeed } from "../connection/types.ts";
import { asArray, asColumns, asObject, isKey, rowCount } from "./columns.ts";
import { sameJson } from "./same.ts";
import { BaseFeed, Malformed, type Publication } from "./feed.ts";

export class Table extends BaseFeed implements TableFeed {
  key: string | null = null;
  readonly #listeners = new Listeners<[TableChange]>();
  #columns: string[] = [];
  #rows = new Map<Key, Row>();
  /** The order of the rows of a snapshot that comes in pieces. */
  readonly #ranks = new Map<Key, number>();

  constructor(channel: string) {
    super(channel, true);
  }

  get columns(): readonly string[] {
    return this.#columns;
  }

  get rows(): ReadonlyMap<Key, Row> {
    return this.#rows;
  }

  onChange(fn: (change: TableChange) => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  protected override restart(data: unknown): void {
    const snapshot = asObject(data, "the snapshot");
    const key = snapshot.key ?? null;
    if (key !== null && typeof key !== "string") throw new Malformed(`the snapshot's "key" is not a column name`);
    const rows = asColumns(snapshot.rows ?? {}, `the snapshot's "rows"`);
    const keys = key === null ? [] : keysOf(rows, key);
    this.key = key;
    this.needsSnapshot = false;
    this.loading = snapshot.more === true;
    this.#ranks.clear();
    this.#columns = key === null ? [] : [key];
    this.#rows = new Map();
    const changed = this.#upsert(rows, keys);
    this.#listeners.call({ reset: true, changed, removed: [] });
  }

  protected override apply(publication: Publication): void {
    const data = asObject(publication.data, "a change");
    const removals = asArray(data.remove ?? [], `a change's "remove"`);
    const rows = asColumns(data.upsert ?? {}, `a change's "upsert"`);
    const ranks = asArray(data.rank ?? [], `a change's "rank"`);
    if (!removals.every(isKey)) throw new Malformed(`a change's "remove" holds what is no key`);
    if (this.key === null) {
      // The table was declared after our snapshot, and only a snapshot names the key.
      this.needsSnapshot = true;
      return;
    }
    const keys = keysOf(rows, this.key);
    const removed = removals.filter((row) => this.#rows.delete(row));
    const changed = this.#upsert(rows, keys);
    if (removed.length > 0 || changed.size > 0) this.#listeners.call({ reset: false, changed, removed });
    if (!this.loading) return;
    keys.forEach((key, i) => this.#ranks.set(key, Number(ranks[i])));
    if (data.more !== true) this.#complete();
  }

  /** All pieces are here: the rows get the order in which they came to the hub. */
  #complete(): void {
    this.loading = false;
    const ranks = this.#ranks;
    this.#rows = new Map([...this.#rows].sort(([a], [b]) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0)));
    ranks.clear();
    const changed = new Map([...this.#rows].map(([key, row]) => [key, new Set(row.keys())]));
    this.#listeners.call({ reset: true, changed, removed: [] });
  }

  #upsert(columns: Columns, keys: readonly Key[]): Map<Key, Set<string>> {
    const changed = new Map<Key, Set<string>>();
    const names = Object.keys(columns);
    for (const name of names) if (!this.#columns.includes(name)) this.#columns.push(name);
    keys.forEach((key, i) => {
      let row = this.#rows.get(key);
      const fresh = row === undefined;
      row ??= new Map();
      let cells = changed.get(key);
      for (const name of names) {
        const value = columns[name]?.[i];
        if (row.has(name) && sameJson(row.get(name), value)) continue;
        row.set(name, value);
        (cells ??= new Set()).add(name);
      }
      if (fresh) this.#rows.set(key, row);
      if (cells) changed.set(key, cells);
    });
    return changed;
  }
}

function keysOf(rows: Columns, key: string): readonly Key[] {
  const keys = rows[key];
  if (keys === undefined) {
    if (rowCount(rows) === 0) return [];
    throw new Malformed(`a change has no key column "${key}"; its columns are ${Object.keys(rows).join(", ")}`);
  }
  if (!keys.every(isKey)) throw new Malformed(`key column "${key}" holds what is no key`);
  return keys;
}
