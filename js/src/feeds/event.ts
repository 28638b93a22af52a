// Events: any JSON, every one heard; the newest of them kept for who comes later. And who is there.

import { Listeners } from "../connection/listeners.ts";
import type { EventFeed, HubEvent, Member } from "../connection/types.ts";
import { asArray, asObject } from "./columns.ts";
import { BaseFeed, type Publication } from "./feed.ts";
import { Members } from "./members.ts";
import { publisherOfInfo } from "./publisher.ts";

const MAX_EVENTS = 1_000;

export class Events extends BaseFeed implements EventFeed {
  override readonly asksSnapshot = true;
  override readonly crowd = new Members(() => this.#changes.call());
  readonly #changes = new Listeners<[]>();
  readonly #listeners = new Listeners<[HubEvent]>();
  readonly #maxEvents: number;
  #events: HubEvent[] = [];
  #made = 0;

  constructor(channel: string, maxEvents = MAX_EVENTS) {
    super(channel, false);
    this.#maxEvents = maxEvents;
  }

  get events(): readonly HubEvent[] {
    return this.#events;
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
    const list = asArray(asObject(data ?? {}, "the snapshot").publications ?? [], `the snapshot's "publications"`);
    const publications = list.map((item) => asPublication(asObject(item, "an event of the snapshot")));
    // What came before we first subscribed is not new; after a gap the snapshot may hold what we missed.
    const lastMs = this.#events.at(-1)?.timeMs;
    this.#events = publications.slice(-this.#maxEvents).map((publication) => this.#event(publication));
    if (lastMs !== undefined) for (const event of this.#events) if (event.timeMs > lastMs) this.#listeners.call(event);
    this.#changes.call();
  }

  protected override apply(publication: Publication): void {
    const event = this.#event(publication);
    this.#events.push(event);
    // An eighth at a time, so that keeping costs little for each event.
    if (this.#events.length > this.#maxEvents * 1.125) this.#events.splice(0, this.#events.length - this.#maxEvents);
    this.#listeners.call(event);
    this.#changes.call();
  }

  #event({ data, timeMs, info }: Publication): HubEvent {
    const user = info?.user ?? "";
    return { id: ++this.#made, data, timeMs: timeMs ?? 0, user, name: info?.name ?? user };
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
