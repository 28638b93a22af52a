// Pauses of a flow: where a line would claim values that nobody measured.

const REMEMBERED = 31;
/** Distances from which a rhythm is known. */
const ENOUGH = 5;
const TIMES_USUAL = 10;
const MIN_PAUSE_MS = 5_000;

export class Pauses {
  readonly #distances: number[] = [];

  /** Tell of the distance to the row before; whether it is a pause, much longer than usual. */
  isPause(distanceMs: number): boolean {
    if (!(distanceMs > 0) || distanceMs === Number.POSITIVE_INFINITY) return false;
    const pause = distanceMs > MIN_PAUSE_MS && this.#distances.length >= ENOUGH && distanceMs > TIMES_USUAL * this.#usual();
    this.#distances.push(distanceMs);
    if (this.#distances.length > REMEMBERED) this.#distances.shift();
    return pause;
  }

  #usual(): number {
    const sorted = [...this.#distances].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}
