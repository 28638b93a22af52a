// Events: any JSON, every one heard; the newest of them kept for who comes later. And who is there.

import { Listeners } from "../connection/listeners.ts";
import type { EventFeed, HubEvent, Member } from "../connection/types.ts";
import { asArray, asObject } from "./columns.ts";
import { BaseFeed, type Publication } from "./feed.ts";
import { Members } from "./members.ts";
import { Newest } from "./newest.ts";
import { publisherOfInfo } from "./publisher.ts";

const MAX_EVENTS = 1_000;

export class Events extends BaseFeed implements EventFeed {
  override readonly asksSnapshot = true;
  override readonly crowd = new Members(() => this.#changes.call());
  readonly #changes = new Listeners<[]>();
  readonly #listeners = new Listeners<[HubEvent]>();
  readonly #kept: Newest<HubEvent>;
  #made = 0;
  /** Up to this offset publications are those that were kept before this page subscribed. */
  #until = 0;
  /** When the last one before a gap was; those of the past that are later were missed. */
  #lastMs: number | undefined;

  constructor(channel: string, maxEvents = MAX_EVENTS) {
    super(channel, false);
    this.#kept = new Newest(maxEvents);
  }

  get events(): readonly HubEvent[] {
    return this.#kept.items;
  }

  get members(): readonly Member[] {
    return this.crowd.list;
  }

  onEvent(fn: (event: HubEvent) => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#changes.add(fn, signal);
  }

  protected override restart(data: unknown): void {
    const snapshot = asObject(data ?? {}, "the snapshot");
    // What was saved has its events here; a hub's come as publications.
    const list = asArray(snapshot.publications ?? [], `the snapshot's "publications"`);
    const publications = list.map((item) => asPublication(asObject(item, "an event of the snapshot")));
    this.#lastMs = this.events.at(-1)?.timeMs ?? this.#lastMs;
    this.#until = typeof snapshot.until === "number" ? snapshot.until : 0;
    this.#kept.clear();
    for (const publication of publications) this.#keep(publication);
    this.#changes.call();
  }

  protected override apply(publication: Publication): void {
    const event = this.#keep(publication);
    // What came before we first subscribed is not new; after a gap the past may hold what we missed.
    const isNew = publication.offset > this.#until || (this.#lastMs !== undefined && event.timeMs > this.#lastMs);
    if (isNew) this.#listeners.call(event);
    this.#changes.call();
  }

  #keep({ data, timeMs, info }: Publication): HubEvent {
    const user = info?.user ?? "";
    const event = { id: ++this.#made, data, timeMs: timeMs ?? 0, user, name: info?.name ?? user };
    this.#kept.add(event, 1, data);
    return event;
  }
}

function asPublication({ data, offset, time, info }: { readonly [name: string]: unknown }): Publication {
  return {
    data,
    offset: typeof offset === "number" ? offset : 0,
    timeMs: typeof time === "number" ? time : null,
    info: publisherOfInfo(info),
  };
}
