// Whether somebody can see one of a widget's views. The hub hears of it and sends nothing to who looks away.

import { Listeners } from "../connection/listeners.ts";
import type { Want } from "../connection/types.ts";
import { watchSight } from "./in_sight.ts";

/** A page draws no more often than this on most screens. */
const SCREEN_HZ = 60;

export class Sight {
  readonly #views = new Set<() => boolean>();
  readonly #listeners = new Listeners<[]>();

  /** Whether one of the views can be seen. */
  get visible(): boolean {
    for (const inSight of this.#views) if (inSight()) return true;
    return false;
  }

  /** Count a view in until its signal aborts. */
  add(el: Element, signal: AbortSignal): void {
    const inSight = watchSight(el, () => this.#listeners.call(), signal);
    this.#views.add(inSight);
    signal.addEventListener(
      "abort",
      () => {
        this.#views.delete(inSight);
        this.#listeners.call();
      },
      { once: true },
    );
    this.#listeners.call();
  }

  /** What the widget wants of its feed: as many updates a second as it was told, or as a screen shows. */
  want(maxHz: number | null = null): Want {
    const sight = this;
    return {
      maxHz: maxHz ?? SCREEN_HZ,
      get visible() {
        return sight.visible;
      },
      onChange: (fn, signal) => sight.#listeners.add(fn, signal),
    };
  }
}
