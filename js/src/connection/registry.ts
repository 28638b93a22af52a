// Where the widgets of a page find the connection to their hub.
//
// Every widget is a bundle of its own, so they share nothing but globalThis. Whoever comes first makes the slot:
// a widget may look for its hub before the hub's connection is there, and hears when it comes or changes.

import { Listeners } from "./listeners.ts";
import type { HubConnection } from "./types.ts";

/** The place of one hub's connection. */
export interface HubSlot {
  /** Null until a kernel's relay has brought it. */
  readonly connection: HubConnection | null;
  /** Hear that `connection` changed. */
  onChange(fn: () => void, signal: AbortSignal): void;
}

/** The writing side of a slot: for the connection's bundle only. */
export interface WritableSlot extends HubSlot {
  put(connection: HubConnection | null): void;
}

// The version is part of the name: bundles of two releases in one page do not share what may differ.
const REGISTRY = Symbol.for("rtwidgets.hubs.v1");

class Slot implements WritableSlot {
  connection: HubConnection | null = null;
  readonly #listeners = new Listeners<[]>();

  put(connection: HubConnection | null): void {
    if (connection === this.connection) return;
    this.connection = connection;
    this.#listeners.call();
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }
}

/** The slot of a hub; made on first use. */
export function writableSlot(key: string): WritableSlot {
  const holder = globalThis as { [REGISTRY]?: Map<string, WritableSlot> };
  const slots = (holder[REGISTRY] ??= new Map());
  let slot = slots.get(key);
  if (!slot) {
    slot = new Slot();
    slots.set(key, slot);
  }
  return slot;
}

/** The place where a hub's connection is, or will be, by the hub's key. */
export function hubSlot(key: string): HubSlot {
  return writableSlot(key);
}
