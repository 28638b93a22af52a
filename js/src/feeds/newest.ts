// What a feed keeps for listeners that come later: the newest, bounded in number and in memory.

/** 100,000 rows of 20 numbers are a quarter of it. */
const MAX_BYTES = 64 * 1024 * 1024;
/** About what a value of its own takes beside what is in it: a text; a list or an object, with its place. */
const TEXT_BYTES = 24;
const NESTED_BYTES = 64;
const NUMBER_BYTES = 8;

/** The newest items; the last one is kept however large it is. */
export class Newest<T> {
  readonly #items: T[] = [];
  readonly #sizes: { readonly count: number; readonly bytes: number }[] = [];
  #count = 0;
  #bytes = 0;

  constructor(readonly maxCount: number) {}

  /** Oldest first. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** Add what counts for so many and was made of `data`. */
  add(item: T, count: number, data: unknown): void {
    const bytes = bytesOf(data);
    this.#items.push(item);
    this.#sizes.push({ count, bytes });
    this.#count += count;
    this.#bytes += bytes;
    let drop = 0;
    while (drop < this.#items.length - 1 && (this.#count > this.maxCount || this.#bytes > MAX_BYTES)) {
      const size = this.#sizes[drop++];
      this.#count -= size?.count ?? 0;
      this.#bytes -= size?.bytes ?? 0;
    }
    if (drop === 0) return;
    this.#items.splice(0, drop);
    this.#sizes.splice(0, drop);
  }

  clear(): void {
    this.#items.length = this.#sizes.length = 0;
    this.#count = this.#bytes = 0;
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
