// One number out of many: what a metric shows.

import type { Columns } from "../connection/types.ts";
import { isObject } from "../feeds/columns.ts";
import { beginsAnew, extent, kindOfColumn, toNumber, toPosition } from "./cells.ts";
import { RemoteClock } from "./clock.ts";
import { decimalsFor } from "./format.ts";
import { SortedRows } from "./rows.ts";
import { short, thinned } from "./thin.ts";

export const REDUCTIONS = ["last", "mean", "min", "max", "sum", "count"] as const;
export type Reduction = (typeof REDUCTIONS)[number];

const MAX_SAMPLES = 50_000;

export interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

/** The values of one column of a stream, over a moving window or since the beginning. */
export class MetricData {
  /** What is wrong with the last batch, or "". */
  fault = "";
  readonly samples = new SortedRows(1, MAX_SAMPLES);
  readonly #clock = new RemoteClock();
  // Since the beginning, including what `samples` no longer holds.
  #count = 0;
  #sum = 0;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  /** What was saved: of fewer samples than it was made of. */
  #held: number | null = null;

  constructor(
    readonly column: string,
    readonly reduction: Reduction,
    /** Null: since the beginning of what the hub keeps. */
    readonly windowMs: number | null,
  ) {}

  add(batch: Columns, reset: boolean, pageMs: number): void {
    if (reset) this.#startOver();
    const cells = batch[this.column];
    if (!cells) {
      const names = Object.keys(batch);
      if (names.length) this.fault = `no column '${this.column}'; columns are ${names.join(", ")}`;
      return;
    }
    this.fault = cells.length && kindOfColumn("", cells) === "text" ? `column '${this.column}' holds text, not numbers` : "";
    const times = batch.time;
    const [oldest, latest] = extent(times ?? []);
    if (beginsAnew(latest, this.samples.lastX, this.windowMs) && latest >= oldest) {
      this.samples.dropFrom(oldest);
      this.#clock.reset();
    }
    let newest = Number.NEGATIVE_INFINITY;
    cells.forEach((cell, i) => {
      const value = toNumber(cell);
      const time = times ? toPosition(times[i]) : pageMs;
      if (Number.isNaN(value) || Number.isNaN(time)) return;
      newest = Math.max(newest, time);
      this.samples.add(time, [value]);
      this.#count += 1;
      this.#sum += value;
      this.#low = Math.min(this.#low, value);
      this.#high = Math.max(this.#high, value);
    });
    if (!reset && newest > Number.NEGATIVE_INFINITY) this.#clock.observe(newest, pageMs);
    if (this.windowMs !== null) this.samples.dropBefore(this.samples.lastX - this.windowMs);
  }

  /** The number now; null while there is none. */
  value(pageMs: number): number | null {
    const { samples, reduction } = this;
    if (this.#held !== null) return this.#held;
    if (reduction === "last") return samples.length ? samples.y(0, samples.length - 1) : null;
    if (this.windowMs === null) return pick(reduction, this.#count, this.#sum, this.#low, this.#high);
    let [count, sum, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = samples.indexFrom(this.#clock.now(pageMs) - this.windowMs); i < samples.length; i++) {
      const value = samples.y(0, i);
      count += 1;
      sum += value;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return pick(reduction, count, sum, low, high);
  }

  /** Show the value of a saved picture until the flow starts over. */
  hold(saved: unknown): void {
    const value = isObject(saved) ? saved.value : null;
    this.#held = typeof value === "number" ? value : null;
  }

  /** The samples of the last `spanMs`, as a stream's snapshot: one batch of at most so many rows. */
  rows(spanMs: number, most: number): Columns[] {
    const { samples } = this;
    const first = samples.indexFrom(samples.lastX - spanMs);
    const kept = thinned(samples.length - first, most, (i) => samples.y(0, first + i)).map((i) => first + i);
    // A line of means goes through the middle: with the extremes it would be another.
    const values = kept.map((i, k) => short(this.reduction === "mean" ? this.#mean(kept[k - 1] ?? i - 1, i) : samples.y(0, i)));
    return [Object.fromEntries([["time", kept.map((i) => samples.x(i))], [this.column, values]])];
  }

  /** Decimals that suit the latest values: with those of one value only, the number would twitch. */
  decimals(): number {
    const first = Math.max(0, this.samples.length - 100);
    return decimalsFor(Array.from({ length: this.samples.length - first }, (_, i) => this.samples.y(0, first + i)));
  }

  /** The first sample of the last `spanMs`, to compare with; null when there are fewer than two. */
  before(spanMs: number): Sample | null {
    const { samples } = this;
    const at = samples.indexFrom(samples.lastX - spanMs);
    return at < samples.length - 1 ? { timeMs: samples.x(at), value: samples.y(0, at) } : null;
  }

  /** Mean of the samples behind one index, up to another. */
  #mean(before: number, last: number): number {
    let sum = 0;
    for (let i = before + 1; i <= last; i++) sum += this.samples.y(0, i);
    return sum / (last - before);
  }

  #startOver(): void {
    this.samples.clear();
    this.#clock.reset();
    this.fault = "";
    this.#held = null;
    this.#count = this.#sum = 0;
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
  }
}

function pick(reduction: Exclude<Reduction, "last">, count: number, sum: number, low: number, high: number): number | null {
  if (reduction === "count") return count;
  if (count === 0) return null;
  return { mean: sum / count, min: low, max: high, sum }[reduction];
}
