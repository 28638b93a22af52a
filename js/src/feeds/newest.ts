// What a feed keeps for listeners that come later: the newest, bounded in number and in memory.

/** 100,000 rows of 20 numbers are a quarter of it. */
const MAX_BYTES = 64 * 1024 * 1024;
/** About what a value of its own takes beside what is in it: a text; a list or an object, with its place. */
const TEXT_BYTES = 24;
const NESTED_BYTES = 64;
const NUMBER_BYTES = 8;

interface Kept<T> {
  readonly item: T;
  readonly count: number;
  readonly bytes: number;
}

/** The newest items; the last one is kept however large it is. */
export class Newest<T> {
  /** What went leaves a hole, until there are enough of them to close: to move all at each costs as much as all. */
  #kept: (Kept<T> | null)[] = [];
  #holes = 0;
  #count = 0;
  #bytes = 0;

  constructor(readonly maxCount: number) {}

  /** Oldest first. */
  get items(): T[] {
    return this.#kept.slice(this.#holes).map((one) => (one as Kept<T>).item);
  }

  /** Add what counts for so many and was made of `data`. */
  add(item: T, count: number, data: unknown): void {
    const bytes = bytesOf(data);
    this.#kept.push({ item, count, bytes });
    this.#count += count;
    this.#bytes += bytes;
    while (this.#holes < this.#kept.length - 1 && (this.#count > this.maxCount || this.#bytes > MAX_BYTES)) {
      const oldest = this.#kept[this.#holes];
      this.#kept[this.#holes++] = null;
      this.#count -= oldest?.count ?? 0;
      this.#bytes -= oldest?.bytes ?? 0;
    }
    if (this.#holes <= this.#kept.length / 2) return;
    this.#kept.splice(0, this.#holes);
    this.#holes = 0;
  }

  clear(): void {
    this.#kept = [];
    this.#holes = this.#count = this.#bytes = 0;
  }
}

/** About what JSON takes in a page's memory: many small lists take a hundred times what they had on the wire. */
export function bytesOf(data: unknown): number {
  if (typeof data === "string") return TEXT_BYTES + 2 * data.length;
  if (typeof data !== "object" || data === null) return NUMBER_BYTES;
  let bytes = NESTED_BYTES;
  if (Array.isArray(data)) for (const cell of data) bytes += NUMBER_BYTES + (typeof cell === "number" ? 0 : bytesOf(cell));
  else for (const [name, value] of Object.entries(data)) bytes += NESTED_BYTES + 2 * name.length + bytesOf(value);
  return bytes;
}
