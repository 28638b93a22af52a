// Rows of numbers in the order of x, in typed arrays that slide along: what a moving chart keeps.

const FIRST_CAPACITY = 256;
/** Thinning leaves the newest quarter as it is, and of the rest about an eighth of what may be kept. */
const THIN_PARTS = 16;
/** As many late rows as this part of the rows wait until they are merged. */
const LATE_PARTS = 8;

/** What becomes of the oldest rows when there are too many: they go, or they are thinned out. */
export type Overflow = "drop" | "thin";

interface Row {
  readonly x: number;
  readonly ys: readonly number[];
}

/**
 * Rows of one x and `width` y values. A y that is missing is NaN.
 *
 * Rows that come late wait aside until something is read, and are merged together: each on its own would move all
 * rows behind it. While some wait there may be a few more rows than `maxRows`, and what was to be dropped is still there.
 */
export class SortedRows {
  #xs = new Float64Array(FIRST_CAPACITY);
  #ys: Float64Array<ArrayBuffer>[];
  #start = 0;
  #end = 0;
  /** In the order they came; each before the last row. */
  #late: Row[] = [];
  /** Where rows begin, once the late ones are merged. */
  #from = Number.NEGATIVE_INFINITY;
  readonly #maxLate: number;

  constructor(
    width: number,
    readonly maxRows: number,
    readonly overflow: Overflow = "drop",
  ) {
    this.#ys = Array.from({ length: width }, () => new Float64Array(FIRST_CAPACITY));
    this.#maxLate = Math.ceil(maxRows / LATE_PARTS);
  }

  get length(): number {
    this.#settle();
    return this.#end - this.#start;
  }

  x(index: number): number {
    this.#settle();
    return this.#xs[this.#start + index] ?? Number.NaN;
  }

  y(column: number, index: number): number {
    this.#settle();
    return this.#ys[column]?.[this.#start + index] ?? Number.NaN;
  }

  /** The x of a piece; valid until rows are added. */
  xs(first: number, end: number): Float64Array {
    this.#settle();
    return this.#xs.subarray(this.#start + first, this.#start + end);
  }

  /** The y of one column of a piece; valid until rows are added. */
  ys(column: number, first: number, end: number): Float64Array {
    this.#settle();
    return (this.#ys[column] ?? new Float64Array()).subarray(this.#start + first, this.#start + end);
  }

  /** The largest x, at no cost between additions. */
  get lastX(): number {
    return this.#end > this.#start ? (this.#xs[this.#end - 1] as number) : Number.NEGATIVE_INFINITY;
  }

  /** Add a row where its x belongs. */
  add(x: number, ys: readonly number[]): void {
    if (x < this.lastX) {
      this.#late.push({ x, ys: [...ys] });
      if (this.#late.length > this.#maxLate) this.#settle();
    } else {
      if (this.#end === this.#xs.length) this.#makeRoom(1);
      this.#put(this.#end++, x, ys);
    }
    const count = this.#end - this.#start + this.#late.length;
    if (count <= this.maxRows) return;
    if (this.#late.length === 0) this.#shrink();
    else if (count > this.maxRows + this.#maxLate) this.#settle();
  }

  /** Forget rows before x, but keep the last of them: the line to the first visible point starts there. */
  dropBefore(x: number): void {
    this.#from = Math.max(this.#from, x);
    if (this.#late.length === 0) this.#dropOld();
  }

  /** Forget this x and what is behind it. */
  dropFrom(x: number): void {
    this.#settle();
    this.#end = this.#start + this.indexFrom(x);
  }

  clear(): void {
    this.#start = this.#end = 0;
    this.#late = [];
    this.#from = Number.NEGATIVE_INFINITY;
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

  #search(passed: (x: number) => boolean, count = this.length): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (passed(this.#xs[this.#start + middle] as number)) high = middle;
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

  #put(at: number, x: number, ys: readonly number[]): void {
    this.#xs[at] = x;
    this.#ys.forEach((column, k) => {
      column[at] = ys[k] ?? Number.NaN;
    });
  }

  /** Merge the rows that came late, each behind those of the same x. */
  #settle(): void {
    if (this.#late.length === 0) return;
    const late = this.#late.sort((a, b) => a.x - b.x);
    this.#late = [];
    if (this.#end + late.length > this.#xs.length) this.#makeRoom(late.length);
    // From the last on, so that each row moves once, and in one piece with its neighbours.
    let end = this.#end;
    for (let ahead = late.length; ahead > 0; ahead--) {
      const { x, ys } = late[ahead - 1] as Row;
      const at = this.#start + this.#search((other) => other > x, end - this.#start);
      if (at < end) for (const column of [this.#xs, ...this.#ys]) column.copyWithin(at + ahead, at, end);
      this.#put(at + ahead - 1, x, ys);
      end = at;
    }
    this.#end += late.length;
    this.#dropOld();
    this.#shrink();
  }

  #dropOld(): void {
    this.#start += Math.max(0, this.indexFrom(this.#from) - 1);
    this.#from = Number.NEGATIVE_INFINITY;
  }

  /** Let the oldest rows go, or thin them out, where there are too many. */
  #shrink(): void {
    if (this.#end - this.#start <= this.maxRows) return;
    if (this.overflow === "thin") this.#thin();
    this.#start = Math.max(this.#start, this.#end - this.maxRows);
  }

  /** Slide to the front, with room for so many rows more. */
  #makeRoom(more: number): void {
    const length = this.#end - this.#start;
    // Twice as much as is used, so that sliding to the front is rare.
    const capacity = Math.max(FIRST_CAPACITY, length * 2, length + more);
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
