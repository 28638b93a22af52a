// Which lines of a log a view shows, and which are new to it. No DOM.

import type { HubEvent } from "../connection/types.ts";
import { entryOf, matchesFilter, type Entry, type Level } from "./entry.ts";

/** Older lines are in the channel's history. */
const SHOWN = 500;

export class LogLines {
  least: Level = "debug";
  words = "";
  /** While somebody reads older lines nothing is let go of, so that they stay where they are. */
  following = true;
  /** What is shown, oldest first. */
  lines: readonly Entry[] = [];
  /** Lines that came since the reader left the end. */
  unread = 0;
  /** Entries are made once of each event. */
  readonly #entries = new Map<number, Entry>();
  #last = 0;

  /** Take the channel's events as they are now. */
  update(events: readonly HubEvent[]): void {
    const firstId = events[0]?.id ?? Number.POSITIVE_INFINITY;
    for (const id of this.#entries.keys()) {
      if (id >= firstId) break;
      this.#entries.delete(id);
    }
    const all: Entry[] = [];
    for (const event of events) {
      let entry = this.#entries.get(event.id);
      if (!entry) {
        entry = entryOf(event);
        this.#entries.set(event.id, entry);
      }
      if (matchesFilter(entry, this.least, this.words)) all.push(entry);
    }
    const from = this.following ? 0 : (this.lines[0]?.id ?? 0);
    this.lines = this.following ? all.slice(-SHOWN) : all.filter(({ id }) => id >= from).slice(-2 * SHOWN);
    const fresh = all.filter(({ id }) => id > this.#last).length;
    this.unread = this.following ? 0 : this.unread + fresh;
    this.#last = events.at(-1)?.id ?? this.#last;
  }

  /** The reader left the end, or came back to it. */
  follow(on: boolean): void {
    this.following = on;
    if (on) this.unread = 0;
  }
}
