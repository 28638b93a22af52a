// Rows of numbers in the order of x, in typed arrays that slide along: what a moving chart keeps.

const FIRST_CAPACITY = 256;
/** Thinning leaves the newest quarter as it is, and of the rest about an eighth of what may be kept. */
const THIN_PARTS = 16;

/** What becomes of the oldest rows when there are too many: they go, or they are thinned out. */
export type Overflow = "drop" | "thin";

/** Rows of one x and `width` y values. A y that is missing is NaN. */
export class SortedRows {
  #xs = new Float64Array(FIRST_CAPACITY);
  #ys: Float64Array<ArrayBuffer>[];
  #start = 0;
  #end = 0;

  constructor(
    width: number,
    readonly maxRows: number,
    readonly overflow: Overflow = "drop",
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

  /** The x of a piece; valid until rows are added. */
  xs(first: number, end: number): Float64Array {
    return this.#xs.subarray(this.#start + first, this.#start + end);
  }

  /** The y of one column of a piece; valid until rows are added. */
  ys(column: number, first: number, end: number): Float64Array {
    return (this.#ys[column] ?? new Float64Array()).subarray(this.#start + first, this.#start + end);
  }

  get lastX(): number {
    return this.length ? this.x(this.length - 1) : Number.NEGATIVE_INFINITY;
  }

  /** Add a row where its x belongs. */
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
    if (this.length <= this.maxRows) return;
    if (this.overflow === "thin") this.#thin();
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

  /**
   * Put the older rows into buckets of equal width, of which each becomes two rows that hold the smallest and the
   * largest value of every column, in the order they came: a line through them looks the same.
   */
  #thin(): void {
    const xs = this.#xs;
    const end = this.#end - (this.length >> 2);
    const from = xs[this.#start] as number;
    const size = ((xs[end - 1] as number) - from) / (this.maxRows / THIN_PARTS);
    if (!(size > 0)) return;
    const bucketOf = (i: number) => Math.floor(((xs[i] as number) - from) / size);
    let into = this.#start;
    for (let i = this.#start; i < end; ) {
      const bucket = bucketOf(i);
      let next = i + 1;
      while (next < end && bucketOf(next) === bucket) next += 1;
      const [first, last] = [xs[i] as number, xs[next - 1] as number];
      for (const column of this.#ys) putExtremes(column, i, next, into);
      xs[into++] = first;
      if (next - i > 1) xs[into++] = last;
      i = next;
    }
    for (const column of [xs, ...this.#ys]) column.copyWithin(into, end, this.#end);
    this.#end -= end - into;
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

/** Put the smallest and the largest of some values, in the order they came, at `into` and behind it. */
function putExtremes(column: Float64Array, first: number, end: number, into: number): void {
  let [low, high] = [first, first];
  for (let i = first; i < end; i++) {
    const y = column[i] as number;
    // Whatever is missing gives way to the first value.
    if (y < (column[low] as number) || Number.isNaN(column[low])) low = i;
    if (y > (column[high] as number) || Number.isNaN(column[high])) high = i;
  }
  const [one, other] = [column[Math.min(low, high)] as number, column[Math.max(low, high)] as number];
  column[into] = one;
  if (end - first > 1) column[into + 1] = other;
}
