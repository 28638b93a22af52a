// A value that everybody sees and may set.

import { Listeners } from "../connection/listeners.ts";
import type { ValueFeed } from "../connection/types.ts";
import { asObject } from "./columns.ts";
import { BaseFeed, type Publication } from "./feed.ts";

/** Publishes to the feed's channel; rejects with what the hub says. */
export type Publish = (data: unknown) => Promise<void>;

interface Waiting {
  value: unknown;
  readonly sent: Promise<void>;
  readonly settle: (outcome: Promise<void>) => void;
}

export class Value extends BaseFeed implements ValueFeed {
  value: unknown = undefined;
  has = false;
  readonly #listeners = new Listeners<[]>();
  readonly #publish: Publish;
  #busy = false;
  #next: Waiting | null = null;

  constructor(channel: string, publish: Publish) {
    super(channel, true);
    this.#publish = publish;
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  set(value: unknown): Promise<void> {
    if (!this.#busy) return this.#send(value);
    if (this.#next) {
      // A slider moves faster than the hub answers: the values in between are of no use to anybody.
      this.#next.value = value;
      return this.#next.sent;
    }
    let settle: Waiting["settle"] = () => undefined;
    const sent = new Promise<void>((resolve) => (settle = resolve));
    this.#next = { value, sent, settle };
    return sent;
  }

  protected override restart(data: unknown): void {
    const snapshot = asObject(data ?? {}, "the snapshot");
    this.has = "value" in snapshot;
    this.value = snapshot.value;
    this.#listeners.call();
  }

  protected override apply(publication: Publication): void {
    this.has = true;
    this.value = publication.data;
    this.#listeners.call();
  }

  async #send(value: unknown): Promise<void> {
    this.#busy = true;
    try {
      await this.#publish(value);
    } finally {
      this.#busy = false;
      const next = this.#next;
      this.#next = null;
      next?.settle(this.#send(next.value));
    }
  }
}
