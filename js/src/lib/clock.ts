// "Now" on somebody else's clock.
//
// Times in data come from a publisher, whose clock may differ from the page's, or who may be replaying last year.
// The smallest lag (page time − data time) seen lately is that difference plus the fastest way here, so
// page time − smallest lag is where the publisher's clock stands, as far as the page can know.

const HALF_WINDOW_MS = 30_000;

export class RemoteClock {
  #older = Number.POSITIVE_INFINITY;
  #newer = Number.POSITIVE_INFINITY;
  #startedMs = Number.NEGATIVE_INFINITY;

  /** Whether any live time was seen. */
  get known(): boolean {
    return Math.min(this.#older, this.#newer) !== Number.POSITIVE_INFINITY;
  }

  /** Tell of a time that came live. What was kept and came late must not be told: its age is not the clock's. */
  observe(remoteMs: number, pageMs: number): void {
    // Two halves, so that a lag that no longer holds (a clock set back, a faster replay) is forgotten in a minute.
    if (pageMs - this.#startedMs > HALF_WINDOW_MS) {
      this.#older = this.#newer;
      this.#newer = Number.POSITIVE_INFINITY;
      this.#startedMs = pageMs;
    }
    this.#newer = Math.min(this.#newer, pageMs - remoteMs);
  }

  /** The remote clock's now; the page's own while nothing was seen. */
  now(pageMs: number): number {
    return this.known ? pageMs - Math.min(this.#older, this.#newer) : pageMs;
  }

  /** Forget: the flow started over. */
  reset(): void {
    this.#older = this.#newer = Number.POSITIVE_INFINITY;
    this.#startedMs = Number.NEGATIVE_INFINITY;
  }
}
