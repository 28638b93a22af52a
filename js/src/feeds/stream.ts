// A stream: rows in batches of columns, the newest of them kept for listeners that come later.

import { Listeners } from "../connection/listeners.ts";
import type { Columns, StreamFeed } from "../connection/types.ts";
import { asArray, asColumns, asObject, rowCount } from "./columns.ts";
import { BaseFeed, type Publication } from "./feed.ts";
import { Newest } from "./newest.ts";

const MAX_ROWS = 100_000;

export class Stream extends BaseFeed implements StreamFeed {
  readonly #listeners = new Listeners<[Columns, boolean]>();
  /** Whole batches, so that keeping costs little per row. */
  readonly #kept: Newest<Columns>;

  constructor(channel: string, maxRows = MAX_ROWS) {
    super(channel, false);
    this.#kept = new Newest(maxRows);
  }

  onBatch(fn: (batch: Columns, reset: boolean) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    let reset = true;
    for (const batch of this.#kept.items) {
      fn(batch, reset);
      reset = false;
    }
    this.#listeners.add(fn, signal);
  }

  protected override restart(data: unknown): void {
    const batches: Columns[] = [];
    if (data !== undefined && data !== null) {
      // What was saved has its batches here; a hub's come as publications.
      const list = asArray(asObject(data, "the snapshot").batches ?? [], `the snapshot's "batches"`);
      list.forEach((batch, i) => batches.push(asColumns(batch, `batch ${i} of the snapshot`)));
    }
    this.#kept.clear();
    let reset = true;
    for (const batch of batches) {
      if (rowCount(batch) === 0) continue;
      this.#kept.add(batch, rowCount(batch), batch);
      this.#listeners.call(batch, reset);
      reset = false;
    }
    if (reset) this.#listeners.call(Object.create(null) as Columns, true);
  }

  protected override apply(publication: Publication): void {
    const batch = asColumns(publication.data, "a batch");
    if (rowCount(batch) === 0) return;
    this.#kept.add(batch, rowCount(batch), batch);
    this.#listeners.call(batch, false);
  }
}
