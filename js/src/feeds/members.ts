// Who is subscribed to a channel: presence, kept up to date by joins and leaves.

import type { Member } from "../connection/types.ts";
import type { Publisher } from "./feed.ts";
import { higher } from "./publisher.ts";

export class Members {
  /** How joins and leaves are told: each at once, unless who drives the feed puts some together. */
  pace: (tell: () => void) => void = (tell) => tell();
  readonly #changed: () => void;
  #clients = new Map<string, Publisher>();
  /** Whether the hub has told who is there. */
  known = false;
  /** Joins and leaves since presence was asked for; they are newer than its answer, or harmless. */
  #since: { who: Publisher; joined: boolean }[] | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Users by name, each once. */
  get list(): readonly Member[] {
    const byUser = new Map<string, Member>();
    for (const { user, name, role, guest } of this.#clients.values()) {
      const known = byUser.get(user);
      const more = role ? { role: higher(known?.role, role) } : {};
      byUser.set(user, { user, name, clients: (known?.clients ?? 0) + 1, ...more, ...(guest ? { guest } : {}) });
    }
    return [...byUser.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** Each of them once. */
  get users(): ReadonlySet<string> {
    return new Set([...this.#clients.values()].map(({ user }) => user));
  }

  has(client: string): boolean {
    return this.#clients.has(client);
  }

  /** Presence was asked for. */
  asked(): void {
    this.#since = [];
  }

  /** Presence was answered: these are the clients that are there. */
  present(clients: readonly Publisher[]): void {
    this.#clients = new Map(clients.map((who) => [who.client, who]));
    this.known = true;
    const since = this.#since ?? [];
    this.#since = null;
    for (const { who, joined } of since) this.#move(who, joined);
    this.#changed();
  }

  /** Presence is not told. */
  unanswered(): void {
    this.#since = null;
  }

  joined(who: Publisher): void {
    this.#since?.push({ who, joined: true });
    this.#move(who, true);
    this.pace(this.#changed);
  }

  left(who: Publisher): void {
    this.#since?.push({ who, joined: false });
    this.#move(who, false);
    this.pace(this.#changed);
  }

  #move(who: Publisher, joined: boolean): void {
    if (joined) this.#clients.set(who.client, who);
    else this.#clients.delete(who.client);
  }
}
