// Where the widgets of a page find the connection to their hub.
//
// Whoever comes first makes the slot: a widget may look for its hub before the hub's connection is there, and hears
// when it comes or changes. The slots are on globalThis, where a person at the console finds them too.

import { BUILD } from "../lib/build.ts";
import { Listeners } from "./listeners.ts";
import type { HubConnection } from "./types.ts";

/** What a widget says while there is no connection. */
export interface Absence {
  /** In place of its state, where nothing was saved. */
  readonly state: string;
  /** In the details of what was saved: how it becomes live. */
  readonly wayOut: string;
}

/** The place of one hub's connection. */
export interface HubSlot {
  /** Null until a kernel's relay has brought it. */
  readonly connection: HubConnection | null;
  readonly absence: Absence;
  /** Hear that `connection` changed. */
  onChange(fn: () => void, signal: AbortSignal): void;
}

/** The writing side of a slot: for the connection only. */
export interface WritableSlot extends HubSlot {
  absence: Absence;
  put(connection: HubConnection | null): void;
}

const REGISTRY = Symbol.for("rtwidgets.hubs.v1");

class Slot implements WritableSlot {
  connection: HubConnection | null = null;
  absence: Absence = { state: "no kernel: run the cell again", wayOut: "run the notebook's cells again" };
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
  // Kits of two releases in one page do not share what may differ: each has a connection of its own.
  const name = `${BUILD} ${key}`;
  let slot = slots.get(name);
  if (!slot) {
    slot = new Slot();
    slots.set(name, slot);
  }
  return slot;
}

/** The place where a hub's connection is, or will be, by the hub's key. */
export function hubSlot(key: string): HubSlot {
  return writableSlot(key);
}
