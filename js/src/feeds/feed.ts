// What all feeds share: where they stand in their channel, and what went wrong.
//
// A feed is a fold: the snapshot and the publications of a channel go in, in order, and the state a widget shows
// comes out. It knows no socket, no page and no clock; connection/binding.ts drives it.

import { Listeners } from "../connection/listeners.ts";
import type { Feed, FeedStatus, Role } from "../connection/types.ts";
import type { Members } from "./members.ts";

/** What is wrong may name columns of somebody's data. */
const MAX_REASON = 1_000;

/** A publication as the feeds read it. */
export interface Publication {
  readonly data: unknown;
  /** 0 when the channel keeps no log. */
  readonly offset: number;
  readonly timeMs: number | null;
  readonly info: Publisher | null;
}

/** Who published, as the hub says. */
export interface Publisher {
  readonly client: string;
  readonly user: string;
  readonly name: string;
  /** Among the members of a session: what they may do there. */
  readonly role?: Role | null;
  /** Came by a link. */
  readonly guest?: boolean;
}

/** What a subscribe reply says. */
export interface Subscribed {
  readonly data: unknown;
  readonly offset: number;
  /** The log that the offset is of; none where the channel has no positions. */
  readonly epoch?: string;
  /** We asked to go on from our position. */
  readonly wasRecovering: boolean;
  /** And the hub could: the missed publications follow, and there is no snapshot. */
  readonly recovered: boolean;
}

/** Data that does not have the form of its channel's kind. Caught by the feed, never seen outside. */
export class Malformed extends Error {}

export abstract class BaseFeed implements Feed {
  readonly channel: string;
  /** A snapshot comes in pieces, and some are still to come. */
  loading = false;
  /** The publications can't be followed from what came so far: subscribe anew, without a position. */
  needsSnapshot = false;
  /** Whether a gap up to the next snapshot is our own doing: nobody could see what came. */
  lookedAway = false;
  /** Whether the snapshot comes only to who asks for it. */
  readonly asksSnapshot: boolean = false;
  /** Who is there, for channels where that is asked for; null for the others. */
  readonly crowd: Members | null = null;
  readonly #statusListeners = new Listeners<[]>();
  /** Offsets of a kind that merges may skip without a gap. */
  readonly #merges: boolean;
  #status: FeedStatus = {
    phase: "waiting",
    reason: null,
    lastTimeMs: null,
    offset: 0,
    gaps: 0,
    repeats: 0,
    lost: 0,
    bad: 0,
    merged: 0,
    skipped: 0,
    maxHz: null,
  };

  constructor(channel: string, merges: boolean) {
    this.channel = channel;
    this.#merges = merges;
  }

  get status(): FeedStatus {
    return this.#status;
  }

  onStatus(fn: () => void, signal: AbortSignal): void {
    this.#statusListeners.add(fn, signal);
  }

  /** Start over from the snapshot, or go on after a recovery. */
  subscribed(reply: Subscribed): void {
    if (reply.recovered) {
      // The missed publications come next and carry their own offsets.
      this.#set({ phase: "live", reason: null });
      return;
    }
    let { lost, skipped } = this.#status;
    if (reply.wasRecovering && this.lookedAway) skipped += Math.max(0, reply.offset - this.#status.offset);
    else if (reply.wasRecovering) lost++;
    const bad = this.#try(() => this.restart(reply.data, reply));
    this.#set({ phase: "live", reason: bad, offset: reply.offset, lost, skipped });
  }

  publication(publication: Publication): void {
    const { offset } = publication;
    const last = this.#status.offset;
    if (offset > 0 && offset <= last) {
      this.#set({ repeats: this.#status.repeats + 1 });
      return;
    }
    const between = Math.max(0, offset - last - 1);
    const gaps = this.#status.gaps + (between > 0 && !this.#merges ? 1 : 0);
    const merged = this.#status.merged + (this.#merges && !this.loading ? between : 0);
    const bad = this.#try(() => this.apply(publication));
    this.#set({
      gaps,
      merged,
      reason: bad,
      offset: offset > 0 ? offset : last,
      lastTimeMs: publication.timeMs ?? this.#status.lastTimeMs,
    });
  }

  /** The way to the hub is gone or not there yet; what came stays. */
  waiting(reason: string | null): void {
    this.#set({ phase: "waiting", reason });
  }

  /** The hub says how often it serves us at most. */
  granted(maxHz: number | null): void {
    this.#set({ maxHz });
  }

  /** The hub does not let us subscribe. */
  refused(reason: string): void {
    this.#set({ phase: "refused", reason });
  }

  /** Replace everything by a snapshot; throws Malformed. */
  protected abstract restart(data: unknown, reply: Subscribed): void;
  /** Fold in one publication; throws Malformed and then leaves the state as it was. */
  protected abstract apply(publication: Publication): void;

  #try(fold: () => void): string | null {
    try {
      fold();
      return null;
    } catch (error) {
      this.#status = { ...this.#status, bad: this.#status.bad + 1 };
      if (!(error instanceof Malformed)) console.error("rtwidgets: a feed failed", error);
      return `${this.channel}: ${error instanceof Error ? error.message : String(error)}`.slice(0, MAX_REASON);
    }
  }

  #set(change: Partial<FeedStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#statusListeners.call();
  }
}
