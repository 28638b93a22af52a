// A moment in which a broken connection may come back before anybody is told.

/** A change of transport takes some 50 ms: it is no news to a person who looks at a widget. */
const GRACE_MS = 1_000;

export class Grace {
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Tell after the moment has passed; the first of several tellings counts from its own start. */
  start(tell: () => void): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      tell();
    }, GRACE_MS);
  }

  /** It is back, or there is something else to tell. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
