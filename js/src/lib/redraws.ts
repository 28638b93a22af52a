// The views of one model that want to hear when its data changed.

/** Callbacks of a model's views, each until its view ends. */
export class Redraws {
  readonly #views = new Set<() => void>();

  add(redraw: () => void, signal: AbortSignal): void {
    this.#views.add(redraw);
    signal.addEventListener("abort", () => this.#views.delete(redraw), { once: true });
  }

  request(): void {
    for (const redraw of this.#views) redraw();
  }
}
