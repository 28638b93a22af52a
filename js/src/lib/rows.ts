// Rows of numbers in the order of x, in typed arrays that slide along: what a moving chart keeps.

const FIRST_CAPACITY = 256;

/** Rows of one x and `width` y values. A y that is missing is NaN. */
export class SortedRows {
  #xs = new Float64Array(FIRST_CAPACITY);
  #ys: Float64Array<ArrayBuffer>[];
  #start = 0;
  #end = 0;

  constructor(
    width: number,
    readonly maxRows: number,
  ) {
    this.#ys = Array.from({ length: width }, () => new Float64Array(FIRST_CAPACITY));
  }

  get length(): number {
    return this.#end - this.#start;
  }

  x(index: number): number {
    return this.#xs[this.#start + index] ?? Number.NaN;
  }

  y(column: number, index: number): number {
    return this.#ys[column]?.[this.#start + index] ?? Number.NaN;
  }

  get lastX(): number {
    return this.length ? this.x(this.length - 1) : Number.NEGATIVE_INFINITY;
  }

  /** Add a row where its x belongs; the oldest row goes when there are too many. */
  add(x: number, ys: readonly number[]): void {
    if (this.#end === this.#xs.length) this.#makeRoom();
    let at = this.#end;
    if (x < this.lastX) {
      // Late rows are rare and few, so moving what is behind them is cheaper than any structure that avoids it.
      at = this.#start + this.indexAfter(x);
      for (const column of [this.#xs, ...this.#ys]) column.copyWithin(at + 1, at, this.#end);
    }
    this.#xs[at] = x;
    this.#ys.forEach((column, k) => {
      column[at] = ys[k] ?? Number.NaN;
    });
    this.#end += 1;
    if (this.length > this.maxRows) this.#start += 1;
  }

  /** Forget rows before x, but keep the last of them: the line to the first visible point starts there. */
  dropBefore(x: number): void {
    this.#start += Math.max(0, this.indexFrom(x) - 1);
  }

  /** Forget this x and what is behind it. */
  dropFrom(x: number): void {
    this.#end = this.#start + this.indexFrom(x);
  }

  clear(): void {
    this.#start = this.#end = 0;
  }

  /** Index of the first row with at least this x; `length` when there is none. */
  indexFrom(x: number): number {
    return this.#search((at) => at >= x);
  }

  /** Index of the first row behind this x. */
  indexAfter(x: number): number {
    return this.#search((at) => at > x);
  }

  /** Index of the row nearest to x; -1 when there are none. */
  indexNear(x: number): number {
    const next = this.indexFrom(x);
    if (next === this.length) return next - 1;
    return next > 0 && x - this.x(next - 1) <= this.x(next) - x ? next - 1 : next;
  }

  #search(passed: (x: number) => boolean): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (passed(this.x(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #makeRoom(): void {
    const length = this.length;
    // Twice as much as is used, so that sliding to the front is rare.
    const capacity = Math.max(FIRST_CAPACITY, length * 2);
    const moved = (column: Float64Array<ArrayBuffer>) => {
      const into = capacity === column.length ? column : new Float64Array(capacity);
      into.set(column.subarray(this.#start, this.#end));
      return into;
    };
    this.#xs = moved(this.#xs);
    this.#ys = this.#ys.map(moved);
    this.#start = 0;
    this.#end = length;
  }
}
