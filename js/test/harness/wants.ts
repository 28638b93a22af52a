// What a widget wants of a feed, for tests to change.

import { Listeners } from "../../src/connection/listeners.ts";
import type { Want } from "../../src/connection/types.ts";

export class FakeWant implements Want {
  readonly maxHz: number;
  visible: boolean;
  readonly #listeners = new Listeners<[]>();

  constructor(maxHz = 60, visible = true) {
    this.maxHz = maxHz;
    this.visible = visible;
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  show(visible: boolean): void {
    this.visible = visible;
    this.#listeners.call();
  }
}
