// A value that everybody sees and may set.

import { Listeners } from "../connection/listeners.ts";
import type { ChangedBy, ValueFeed } from "../connection/types.ts";
import { asObject, isObject } from "./columns.ts";
import { BaseFeed, type Publication, type Subscribed } from "./feed.ts";

/** The version that a value must still have to be set. */
export interface OnlyIf {
  readonly version: number;
  /** The log it is of; empty where the channel has no positions. */
  readonly epoch: string;
}

/** Sets the feed's value; resolves with its new version, null where the hub knows of none. */
export type SetValue = (value: unknown, onlyIf: OnlyIf | null) => Promise<number | null>;

interface Waiting {
  value: unknown;
  readonly sent: Promise<number | null>;
  readonly settle: (outcome: Promise<number | null>) => void;
}

export class Value extends BaseFeed implements ValueFeed {
  value: unknown = undefined;
  has = false;
  version = 0;
  by: ChangedBy | null = null;
  readonly #listeners = new Listeners<[]>();
  readonly #setValue: SetValue;
  #epoch = "";
  #busy = false;
  #next: Waiting | null = null;

  constructor(channel: string, setValue: SetValue) {
    super(channel, true);
    this.#setValue = setValue;
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  set(value: unknown): Promise<number | null> {
    if (!this.#busy) return this.#send(value);
    if (this.#next) {
      // A slider moves faster than the hub answers: the values in between are of no use to anybody.
      this.#next.value = value;
      return this.#next.sent;
    }
    let settle: Waiting["settle"] = () => undefined;
    const sent = new Promise<number | null>((resolve) => (settle = resolve));
    this.#next = { value, sent, settle };
    return sent;
  }

  setIf(value: unknown, version: number): Promise<number | null> {
    return this.#setValue(value, { version, epoch: this.#epoch });
  }

  protected override restart(data: unknown, { offset, epoch }: Subscribed): void {
    const snapshot = asObject(data ?? {}, "the snapshot");
    this.#epoch = epoch ?? "";
    this.has = "value" in snapshot;
    this.value = snapshot.value;
    this.version = offset;
    const { by, time } = snapshot;
    const user = isObject(by) && typeof by.user === "string" ? by.user : "";
    const name = isObject(by) && typeof by.name === "string" && by.name !== "" ? by.name : user;
    this.by = isObject(by) ? { client: "", user, name, timeMs: typeof time === "number" ? time : 0 } : null;
    this.#listeners.call();
  }

  protected override apply({ data, offset, info, timeMs }: Publication): void {
    this.has = true;
    this.value = data;
    this.version = offset;
    this.by = info && { ...info, timeMs: timeMs ?? 0 };
    this.#listeners.call();
  }

  async #send(value: unknown): Promise<number | null> {
    this.#busy = true;
    try {
      return await this.#setValue(value, null);
    } finally {
      this.#busy = false;
      const next = this.#next;
      this.#next = null;
      next?.settle(this.#send(next.value));
    }
  }
}
