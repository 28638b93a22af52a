// A control on a value that others move too.
//
// What the hand does shows at once; what the hub says shows when the hand has let go and the hub's value is as new as
// the last set, so that a control never jumps back under the finger to a value it has already left.

import { sameJson } from "../feeds/same.ts";

/** The hub's value. */
export interface Current {
  /** Undefined while it is not known. */
  readonly value: unknown;
  /** Rises with each set. */
  readonly version: number;
}

export interface SharedValueOptions {
  /** Set it; resolves with the version that it became, null where the hub knows of none. */
  readonly send: (value: unknown) => Promise<number | null>;
  /** The hub's value now. */
  readonly current: () => Current;
  /** Show a value. */
  readonly show: (value: unknown) => void;
  /** Say why the last set failed, or "" when one went through. */
  readonly failed: (reason: string) => void;
  /** Smallest time between two sets. */
  readonly intervalMs: number;
}

/** The publication of a set comes about when its answer does. A hub that was started again counts anew. */
const PUBLICATION_GRACE_MS = 2_000;
/** Where there are no versions the same value is taken for ours. */
const NO_VERSION_GRACE_MS = 250;

export class SharedValue {
  #held = false;
  #onTheWay = 0;
  #waiting: { value: unknown } | null = null;
  #last: unknown;
  /** The version that our last set became, while the hub's value may be older than that. */
  #awaited: number | null = null;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: SharedValueOptions) {}

  /** Whether the hand is on the control. */
  get held(): boolean {
    return this.#held;
  }

  /** The hand is on the control: what comes from the hub waits. */
  hold(): void {
    this.#held = true;
  }

  /** The hand let go. */
  release(): void {
    this.#held = false;
    this.#settle();
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
    clearTimeout(this.#graceTimer);
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
      (version) => this.#answered("", version),
      (error: unknown) => this.#answered(error instanceof Error ? error.message : String(error), 0),
    );
  }

  #answered(reason: string, version: number | null): void {
    this.#onTheWay -= 1;
    this.options.failed(reason);
    this.#awaited = version ?? Number.POSITIVE_INFINITY;
    clearTimeout(this.#graceTimer);
    const grace = version === null ? NO_VERSION_GRACE_MS : PUBLICATION_GRACE_MS;
    this.#graceTimer = setTimeout(() => {
      this.#awaited = null;
      this.#settle();
    }, grace);
    this.#settle();
  }

  #settle(): void {
    if (this.#held || this.#onTheWay > 0 || this.#waiting) return;
    const { value, version } = this.options.current();
    if (this.#awaited !== null && version < this.#awaited) {
      // Where versions are known an older one of the same value may still be followed by another value of ours.
      if (this.#awaited !== Number.POSITIVE_INFINITY || !sameJson(value, this.#last)) return;
    }
    clearTimeout(this.#graceTimer);
    this.#awaited = null;
    this.options.show(value);
  }
}
