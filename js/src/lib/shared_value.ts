// A control on a value that others move too.
//
// What the hand does shows at once; what the hub says shows when the hand has let go and its last set is acknowledged,
// so that a control never jumps back under the finger to a value it has already left.

export interface SharedValueOptions {
  /** Publish; resolves when the hub has acknowledged. */
  readonly send: (value: unknown) => Promise<void>;
  /** The hub's value now. */
  readonly current: () => unknown;
  /** Show a value. */
  readonly show: (value: unknown) => void;
  /** Say why the last set failed, or "" when one went through. */
  readonly failed: (reason: string) => void;
  /** Smallest time between two sets. */
  readonly intervalMs: number;
}

const PUBLICATION_GRACE_MS = 250;

export class SharedValue {
  #held = false;
  #onTheWay = 0;
  #waiting: { value: unknown } | null = null;
  #last: unknown;
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: SharedValueOptions) {}

  /** The hand is on the control: what comes from the hub waits. */
  hold(): void {
    this.#held = true;
  }

  /** The hand let go. */
  release(): void {
    this.#held = false;
    this.#settleSoon();
  }

  /** The hand set a value. */
  set(value: unknown): void {
    this.options.show(value);
    this.#waiting = { value };
    if (this.#timer === undefined) this.#flush();
  }

  /** The hub's value changed. */
  incoming(): void {
    this.#settle();
  }

  end(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#settleTimer);
  }

  #flush(): void {
    this.#timer = undefined;
    if (!this.#waiting) return;
    const { value } = this.#waiting;
    this.#waiting = null;
    this.#last = value;
    this.#timer = setTimeout(() => this.#flush(), this.options.intervalMs);
    this.#onTheWay += 1;
    this.options.send(value).then(
      () => this.#answered(""),
      (error: unknown) => this.#answered(error instanceof Error ? error.message : String(error)),
    );
  }

  #answered(reason: string): void {
    this.#onTheWay -= 1;
    this.options.failed(reason);
    if (reason) this.#settle();
    else this.#settleSoon();
  }

  /** The answer to a set may come before the set's own publication: until that is here the hub's value is the old one. */
  #settleSoon(): void {
    clearTimeout(this.#settleTimer);
    if (this.options.current() === this.#last) this.#settle();
    else this.#settleTimer = setTimeout(() => this.#settle(), PUBLICATION_GRACE_MS);
  }

  #settle(): void {
    if (!this.#held && this.#onTheWay === 0 && !this.#waiting) this.options.show(this.options.current());
  }
}
