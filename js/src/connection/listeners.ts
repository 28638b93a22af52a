// Callbacks that end with an AbortSignal.

/** A set of callbacks; one that throws does not keep the others from hearing. */
export class Listeners<Args extends unknown[]> {
  readonly #fns = new Set<{ fn: (...args: Args) => void }>();

  add(fn: (...args: Args) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const entry = { fn };
    this.#fns.add(entry);
    signal.addEventListener("abort", () => this.#fns.delete(entry), { once: true });
  }

  call(...args: Args): void {
    for (const { fn } of [...this.#fns]) {
      try {
        fn(...args);
      } catch (error) {
        console.error("rtwidgets: a listener failed", error);
      }
    }
  }
}
