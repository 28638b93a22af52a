// Where the widgets of a page find the kit: the code that shows them, brought once by a kernel's relay.
//
// Every model runs its own copy of stub or loader, so they share nothing but globalThis. Whoever comes first makes the
// slot; a widget may look for its kit before it is there.

import type { AnyWidget, InitializeProps } from "./afm.ts";

/** What the bundle of a build offers to stubs and loaders of the same build. */
export interface Kit {
  /** The front end of one model, of the kind that its spec names. */
  widget(): AnyWidget;
  /** Take in a relay's model; the result ends it. */
  joinRelay(props: InitializeProps): () => void;
}

export interface KitSlot {
  /** Null until a loader has unpacked it. */
  readonly kit: Kit | null;
  /** Why it can't come, or "". */
  readonly fault: string;
  put(kit: Kit): void;
  fail(why: string): void;
  /** Unpack it, unless somebody already does. */
  load(unpack: () => Promise<unknown>): void;
  /** Hear that `kit` or `fault` changed, until the result is called. */
  onChange(fn: () => void): () => void;
}

const REGISTRY = Symbol.for("rtwidgets.kits.v1");

class Slot implements KitSlot {
  kit: Kit | null = null;
  fault = "";
  #loading = false;
  readonly #listeners = new Set<() => void>();

  put(kit: Kit): void {
    this.kit ??= kit;
    this.fault = "";
    for (const fn of [...this.#listeners]) fn();
  }

  fail(why: string): void {
    if (this.kit) return;
    this.fault = why;
    for (const fn of [...this.#listeners]) fn();
  }

  load(unpack: () => Promise<unknown>): void {
    if (this.kit || this.#loading) return;
    this.#loading = true;
    unpack().then(
      () => (this.#loading = false),
      (error: unknown) => {
        this.#loading = false;
        this.fail(error instanceof Error ? error.message : String(error));
      },
    );
  }

  onChange(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }
}

/** The slot of a build's kit; made on first use. */
export function kitSlot(build: string): KitSlot {
  const holder = globalThis as { [REGISTRY]?: Map<string, KitSlot> };
  const slots = (holder[REGISTRY] ??= new Map());
  let slot = slots.get(build);
  if (!slot) {
    slot = new Slot();
    slots.set(build, slot);
  }
  return slot;
}

/**
 * Run something with the kit, now or when it comes, unless the signal aborts before; the result ends it.
 *
 * Nobody waits for it: a host gives a module two seconds, and what it shows meanwhile is its own affair.
 */
export function withKit(slot: KitSlot, signal: AbortSignal | undefined, run: (kit: Kit) => () => void): () => void {
  let end = (): void => {};
  let over = signal?.aborted ?? false;
  const look = (): void => {
    if (over || slot.kit === null) return;
    stopLooking();
    end = run(slot.kit);
  };
  const stopLooking = slot.onChange(look);
  const stop = (): void => {
    if (over) return;
    over = true;
    stopLooking();
    end();
  };
  // What was run hears the signal itself.
  signal?.addEventListener("abort", stopLooking, { once: true });
  if (over) stopLooking();
  else look();
  return stop;
}
