// The rows a chart draws, by group, in a window that moves.

import type { Columns } from "../connection/types.ts";
import { beginsAnew, divisible, extent, kindOfColumn, textOf, toNumber, toPosition } from "./cells.ts";
import { RemoteClock } from "./clock.ts";
import { Pauses } from "./pauses.ts";
import { SortedRows } from "./rows.ts";
import { short, thinned } from "./thin.ts";

/** More lines than this can't be told apart. */
export const MAX_LINES = 12;
const MAX_ROWS_PER_GROUP = 100_000;
/** Of all lines of a group: one that has more of them keeps fewer rows. */
const MAX_CELLS_PER_GROUP = MAX_LINES * MAX_ROWS_PER_GROUP;
const AUTO_COLUMNS = 6;

export interface ChartDataOptions {
  readonly x: string;
  /** Null: the first numeric columns. */
  readonly y: readonly string[] | null;
  readonly by: string | null;
  /** Null: everything that is kept. */
  readonly windowMs: number | null;
}

export interface Group {
  readonly name: string;
  /** Place in the palette; kept while the group has rows in the window. */
  readonly slot: number;
  readonly rows: SortedRows;
  readonly pauses: Pauses;
}

/** Which columns are drawn. */
export interface Choice {
  readonly y: readonly string[];
  readonly by: string | null;
  /** Whether x is a time in milliseconds. */
  readonly time: boolean;
}

export class ChartData {
  readonly groups = new Map<string, Group>();
  /** Null until the first rows came. */
  choice: Choice | null = null;
  /** What is wrong with the last batch, or "". */
  fault = "";
  /** Changes whenever groups or columns do. */
  layout = 0;
  readonly #unshown = new Map<string, number>();
  readonly #clock = new RemoteClock();
  #newest = Number.NEGATIVE_INFINITY;

  constructor(readonly options: ChartDataOptions) {}

  /** Groups that are left out because there are too many lines. */
  get unshown(): number {
    return this.#unshown.size;
  }

  /** Take a batch of rows; `reset` starts over. */
  add(batch: Columns, reset: boolean, pageMs: number): void {
    if (reset) this.#startOver();
    const names = Object.keys(batch);
    const count = names.length ? (batch[names[0] as string] ?? []).length : 0;
    if (!count) return;
    const xs = batch[this.options.x];
    if (!xs) {
      this.fault = missing(this.options.x, names);
      return;
    }
    // A batch may hold nothing but nulls: what to draw is then left to the next.
    const choice = this.choice ?? choose(batch, this.options, xs);
    if (!choice.y.length) {
      this.fault = `no numeric column to draw; columns are ${names.join(", ")}`;
      return;
    }
    this.choice = choice;
    const { y, by } = choice;
    const absent = [...y, ...(by === null ? [] : [by])].filter((name) => !batch[name]);
    const wordy = y.find((name) => batch[name] && kindOfColumn(name, batch[name] ?? []) === "text");
    this.fault = absent.length ? missing(absent[0] as string, names) : wordy === undefined ? "" : `column '${wordy}' holds text, not numbers`;
    const drawn = y.map((name) => batch[name]);
    if (!drawn.some((column) => column)) return;
    const keys = by === null ? undefined : batch[by];
    const positions = xs.map((cell) => toPosition(cell, choice.time));
    const [oldest, newest] = extent(positions);
    if (newest < oldest) {
      this.fault = `column '${this.options.x}' holds no number or time`;
      return;
    }
    const far = this.fault ? undefined : xs.find((cell, row) => typeof cell === "number" && Number.isNaN(positions[row]));
    if (far !== undefined) this.fault = `column '${this.options.x}' holds ${far}, which is no ${choice.time ? "time" : "number to draw at"}; such rows are left out`;
    if (choice.time && beginsAnew(newest, this.#newest, this.options.windowMs)) this.#beginAt(oldest);
    const values: number[] = [];
    for (let row = 0; row < count; row++) {
      const x = positions[row] ?? Number.NaN;
      if (Number.isNaN(x)) continue;
      drawn.forEach((column, k) => {
        values[k] = column ? toNumber(column[row]) : Number.NaN;
      });
      const group = this.#group(keys ? nameOf(keys[row]) : "", x);
      if (!group) continue;
      const { rows, pauses } = group;
      // A row of nothing breaks the line.
      if (choice.time && pauses.isPause(x - rows.lastX)) rows.add((rows.lastX + x) / 2, []);
      rows.add(x, values);
    }
    this.#newest = Math.max(this.#newest, newest);
    if (this.choice.time && !reset) this.#clock.observe(newest, pageMs);
    this.#trim();
  }

  /**
   * Both ends of x now; null while there is nothing to show.
   *
   * The window moves on when no data comes: its right end is the publisher's now (see RemoteClock), never before
   * the newest row. Rows that are all older than the window and were never seen live stand still instead:
   * an old recording shown as an empty chart would help nobody, and the badge says how old it is.
   */
  range(pageMs: number): [from: number, to: number] | null {
    if (this.#newest === Number.NEGATIVE_INFINITY || !this.choice) return null;
    const { windowMs } = this.options;
    if (!this.choice.time || windowMs === null) {
      let from = Number.POSITIVE_INFINITY;
      for (const { rows } of this.groups.values()) if (rows.length) from = Math.min(from, rows.x(0));
      return from < this.#newest ? divisible(from, this.#newest) : divisible(this.#newest - 1, this.#newest + 1);
    }
    const now = this.#clock.now(pageMs);
    const old = !this.#clock.known && (now - this.#newest > windowMs || now < this.#newest);
    const to = old ? this.#newest : Math.max(this.#newest, now);
    return divisible(to - windowMs, to);
  }

  /** What is in sight at this time, as a stream's snapshot: one batch with at most so many rows for each line. */
  rows(pageMs: number, most: number): Columns[] {
    const range = this.range(pageMs);
    if (!range || !this.choice) return [];
    const { y, by } = this.choice;
    const batch = new Map<string, unknown[]>([this.options.x, ...(by === null ? [] : [by]), ...y].map((name) => [name, []]));
    for (const { name, rows } of this.groups.values()) {
      const first = Math.max(0, rows.indexFrom(range[0]) - 1);
      for (const at of thinned(rows.length - first, most, (i) => rows.y(0, first + i))) {
        batch.get(this.options.x)?.push(rows.x(first + at));
        if (by !== null) batch.get(by)?.push(name);
        y.forEach((column, k) => batch.get(column)?.push(short(rows.y(k, first + at))));
      }
    }
    return [Object.fromEntries(batch)];
  }

  #startOver(): void {
    this.groups.clear();
    this.#unshown.clear();
    this.#clock.reset();
    this.choice = null;
    this.fault = "";
    this.#newest = Number.NEGATIVE_INFINITY;
    this.layout += 1;
  }

  /** The flow's times begin again here: what was later is of another run. */
  #beginAt(oldest: number): void {
    for (const [name, { rows }] of this.groups) {
      rows.dropFrom(oldest);
      if (rows.length) continue;
      this.groups.delete(name);
      this.layout += 1;
    }
    this.#unshown.clear();
    this.#clock.reset();
    this.#newest = Number.NEGATIVE_INFINITY;
  }

  #group(name: string, x: number): Group | null {
    const found = this.groups.get(name);
    if (found) return found;
    const lines = this.choice?.y.length ?? 1;
    const taken = new Set([...this.groups.values()].map((group) => group.slot));
    let slot = 0;
    while (taken.has(slot)) slot += 1;
    if ((slot + 1) * lines > MAX_LINES && slot > 0) {
      if (this.#unshown.size < 1000 || this.#unshown.has(name)) this.#unshown.set(name, x);
      return null;
    }
    const maxRows = Math.min(MAX_ROWS_PER_GROUP, Math.floor(MAX_CELLS_PER_GROUP / lines));
    const made = { name, slot, rows: new SortedRows(lines, maxRows, "thin"), pauses: new Pauses() };
    this.groups.set(name, made);
    this.#unshown.delete(name);
    this.layout += 1;
    return made;
  }

  #trim(): void {
    const { windowMs } = this.options;
    if (windowMs === null || !this.choice?.time) return;
    const from = this.#newest - windowMs;
    for (const [name, { rows }] of this.groups) {
      rows.dropBefore(from);
      if (rows.lastX < from) {
        this.groups.delete(name);
        this.layout += 1;
      }
    }
    for (const [name, x] of this.#unshown) if (x < from) this.#unshown.delete(name);
  }
}

/** Columns to draw: as told, else the numeric ones; rows that carry one text column are told apart by it. */
function choose(batch: Columns, options: ChartDataOptions, xs: readonly unknown[]): Choice {
  const time = options.x === "time" || typeof xs[0] === "string" || kindOfColumn(options.x, xs) === "time";
  if (options.y) return { y: options.y, by: options.by, time };
  const others = Object.keys(batch).filter((name) => name !== options.x && name !== options.by);
  const numeric = others.filter((name) => kindOfColumn(name, batch[name] ?? []) === "number");
  const by = options.by ?? others.find((name) => kindOfColumn(name, batch[name] ?? []) === "text") ?? null;
  return { y: numeric.slice(0, by === null ? AUTO_COLUMNS : 1), by, time };
}

function nameOf(cell: unknown): string {
  return cell === null || cell === undefined ? "none" : textOf(cell);
}

function missing(name: string, names: readonly string[]): string {
  return `no column '${name}'; columns are ${names.join(", ")}`;
}
