// A HubConnection without a hub: feeds that a page or a test fills by hand.

import { Listeners } from "../../src/connection/listeners.ts";
import type {
  ChangedBy,
  ChatFeed,
  ChatMessage,
  CommandNote,
  Columns,
  ConnectionStatus,
  EventFeed,
  FeedStatus,
  HubConnection,
  HubEvent,
  Key,
  Member,
  Row,
  Saying,
  StreamFeed,
  TableChange,
  TableFeed,
  ValueFeed,
} from "../../src/connection/types.ts";

class FakeFeed {
  status: FeedStatus = { phase: "live", reason: null, lastTimeMs: null, offset: 0, gaps: 0, repeats: 0, lost: 0, bad: 0, merged: 0, skipped: 0, maxHz: null };
  readonly #listeners = new Listeners<[]>();
  /** How many listen to its status. */
  heard = 0;

  constructor(readonly channel: string) {}

  onStatus(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
    this.heard += 1;
    signal.addEventListener("abort", () => (this.heard -= 1), { once: true });
  }

  setStatus(change: Partial<FeedStatus>): void {
    this.status = { ...this.status, ...change };
    this.#listeners.call();
  }

  published(): void {
    this.setStatus({ offset: this.status.offset + 1, lastTimeMs: Date.now() });
  }
}

export class FakeStream extends FakeFeed implements StreamFeed {
  readonly #batches = new Listeners<[Columns, boolean]>();
  kept: Columns[] = [];

  onBatch(fn: (batch: Columns, reset: boolean) => void, signal: AbortSignal): void {
    this.#batches.add(fn, signal);
    this.kept.forEach((batch, i) => fn(batch, i === 0));
  }

  push(batch: Columns): void {
    this.kept.push(batch);
    this.published();
    this.#batches.call(batch, false);
  }
}

export class FakeTable extends FakeFeed implements TableFeed {
  readonly #changes = new Listeners<[TableChange]>();
  readonly loading = false;
  readonly rows = new Map<Key, Row>();
  columns: string[] = [];

  constructor(
    channel: string,
    readonly key: string,
  ) {
    super(channel);
  }

  onChange(fn: (change: TableChange) => void, signal: AbortSignal): void {
    this.#changes.add(fn, signal);
    fn({ reset: true, changed: new Map([...this.rows].map(([key, row]) => [key, new Set(row.keys())])), removed: [] });
  }

  change(upserts: Record<string, unknown>[], removed: Key[] = []): void {
    const changed = new Map<Key, Set<string>>();
    for (const upsert of upserts) {
      const key = upsert[this.key] as Key;
      const row = (this.rows.get(key) as Map<string, unknown> | undefined) ?? new Map<string, unknown>();
      this.rows.set(key, row);
      const names = new Set<string>();
      for (const [name, cell] of Object.entries(upsert)) {
        if (!this.columns.includes(name)) this.columns.push(name);
        if (row.get(name) !== cell) names.add(name);
        (row as Map<string, unknown>).set(name, cell);
      }
      changed.set(key, names);
    }
    for (const key of removed) this.rows.delete(key);
    this.published();
    this.#changes.call({ reset: false, changed, removed });
  }
}

export class FakeValue extends FakeFeed implements ValueFeed {
  readonly #changes = new Listeners<[]>();
  value: unknown = null;
  has = false;
  version = 0;
  by: ChangedBy | null = null;
  /** Why the next set is refused, or "". */
  refuse = "";
  /** How long the hub takes to acknowledge. */
  delayMs = 40;
  readonly sent: unknown[] = [];

  async set(value: unknown): Promise<number> {
    this.sent.push(value);
    await new Promise((done) => setTimeout(done, this.delayMs));
    if (this.refuse) throw new Error(this.refuse);
    this.receive(value, { client: "c1", user: "ann", name: "Ann" });
    return this.version;
  }

  async setIf(value: unknown, version: number): Promise<number> {
    if (version !== this.version) throw new Error(`${this.channel} is at version ${this.version}`);
    return this.set(value);
  }

  /** Take a value that somebody set; without a client it is as if it had been there before. */
  receive(value: unknown, who: { client: string; user: string; name: string } = { client: "", user: "bob", name: "Bob Stone" }): void {
    this.value = value;
    this.has = true;
    this.version += 1;
    this.by = { ...who, timeMs: Date.now() };
    this.published();
    this.#changes.call();
  }

  /** As a hub that was started again, and has kept nothing. */
  lose(): void {
    this.value = undefined;
    this.has = false;
    this.#changes.call();
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#changes.add(fn, signal);
  }
}

export class FakeEvents extends FakeFeed implements EventFeed {
  readonly #changes = new Listeners<[]>();
  readonly #listeners = new Listeners<[HubEvent]>();
  events: HubEvent[] = [];
  members: Member[] = [];

  receive(data: unknown, timeMs = Date.now(), user = "bob", name = "Bob Stone"): void {
    const event = { id: this.events.length + 1, data, timeMs, user, name };
    this.events = [...this.events, event];
    this.published();
    this.#listeners.call(event);
    this.#changes.call();
  }

  onEvent(fn: (event: HubEvent) => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#changes.add(fn, signal);
  }
}

export class FakeChat extends FakeFeed implements ChatFeed {
  readonly #changes = new Listeners<[]>();
  readonly #typing = new Listeners<[string, string]>();
  messages: ChatMessage[] = [];
  members: Member[] = [];
  /** What a hub would have from before. */
  before: ChatMessage[] = [];
  delayMs = 150;
  /** Why the next message is refused, or "". */
  refuse = "";
  typed = 0;

  get more(): boolean {
    return this.before.length > 0;
  }

  find(id: string): ChatMessage | null {
    return this.messages.find((message) => message.id === id) ?? null;
  }

  isLeft({ open, writer }: ChatMessage): boolean {
    return open && writer === "gone";
  }

  async say({ id, text, replyTo, command }: Saying): Promise<void> {
    await this.#taken();
    this.receive("ann", "Ann", text, Date.now(), { id, replyTo: replyTo ?? null, command: command ?? null });
  }

  async edit(id: string, text: string, note?: CommandNote): Promise<void> {
    await this.#taken();
    this.change(id, (message) => ({ ...message, text, edited: message.edited || !note, command: note ?? message.command, open: false }));
  }

  async remove(id: string): Promise<void> {
    await this.#taken();
    this.messages = this.messages.filter((message) => message.id !== id);
    this.#told();
  }

  async react(id: string, emoji: string, on: boolean): Promise<void> {
    await this.#taken();
    this.change(id, (message) => {
      const others = (message.reactions.get(emoji) ?? []).filter((user) => user !== "ann");
      const reactions = new Map(message.reactions).set(emoji, on ? [...others, "ann"] : others);
      if (reactions.get(emoji)?.length === 0) reactions.delete(emoji);
      return { ...message, reactions };
    });
  }

  typing(): void {
    this.typed++;
  }

  async older(): Promise<void> {
    await new Promise((done) => setTimeout(done, this.delayMs));
    this.messages = [...this.before.splice(-100), ...this.messages];
    this.#told();
  }

  receive(user: string, name: string, text: string, timeMs: number, more: Partial<ChatMessage> = {}): string {
    const message = said(user, name, text, timeMs, { id: `m${made++}`, ...more });
    this.messages = [...this.messages, message];
    this.#told();
    return message.id;
  }

  change(id: string, to: (message: ChatMessage) => ChatMessage): void {
    this.messages = this.messages.map((message) => (message.id === id ? to(message) : message));
    this.#told();
  }

  types(user: string, name: string): void {
    this.#typing.call(user, name);
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#changes.add(fn, signal);
  }

  onTyping(fn: (user: string, name: string) => void, signal: AbortSignal): void {
    this.#typing.add(fn, signal);
  }

  async #taken(): Promise<void> {
    await new Promise((done) => setTimeout(done, this.delayMs));
    if (this.refuse) throw new Error(this.refuse);
  }

  #told(): void {
    this.published();
    this.#changes.call();
  }
}

let made = 0;

/** A message as a feed has it. */
export function said(user: string, name: string, text: string, timeMs: number, more: Partial<ChatMessage> = {}): ChatMessage {
  const plain = { edited: false, open: false, writer: "", interrupted: false, replyTo: null, label: null, command: null, reactions: new Map<string, readonly string[]>() };
  return { id: `s${made++}`, text, user, name, timeMs, ...plain, ...more };
}

export class FakeConnection implements HubConnection {
  status: ConnectionStatus = { phase: "live", transport: "direct", reason: null, changes: 1 };
  readonly user = "ann";
  readonly client = "c1";
  readonly streams = new Map<string, FakeStream>();
  readonly tables = new Map<string, FakeTable>();
  readonly values = new Map<string, FakeValue>();
  readonly events = new Map<string, FakeEvents>();
  readonly chats = new Map<string, FakeChat>();
  readonly #listeners = new Listeners<[]>();
  /** What the page's token gives no right to, as a verb, a space and a target. */
  readonly denied = new Set<string>();
  answer: (command: string, args: Record<string, unknown>, key: string) => Promise<unknown> = () => Promise.resolve(null);
  stop: (command: string, call: { readonly id?: string; readonly key?: string }) => Promise<void> = () => Promise.resolve();
  /** Ids or keys of calls that were asked to stop. */
  readonly cancelled: string[] = [];

  constructor(readonly key: string) {}

  onStatus(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  setStatus(change: Partial<ConnectionStatus>): void {
    this.status = { ...this.status, ...change };
    this.#listeners.call();
  }

  stream(channel: string): FakeStream {
    return kept(this.streams, channel, () => new FakeStream(channel));
  }

  table(channel: string): FakeTable {
    return kept(this.tables, channel, () => new FakeTable(channel, channel.endsWith("commands") ? "name" : "id"));
  }

  value(channel: string): FakeValue {
    return kept(this.values, channel, () => new FakeValue(channel));
  }

  event(channel: string): FakeEvents {
    return kept(this.events, channel, () => new FakeEvents(channel));
  }

  chat(channel: string): FakeChat {
    return kept(this.chats, channel, () => new FakeChat(channel));
  }

  present(channel: string): ReadonlySet<string> {
    const members = this.chats.get(channel)?.members ?? [...this.events.values()].flatMap((feed) => feed.members);
    return new Set(members.map(({ user }) => user));
  }

  may(verb: string, target: string): boolean {
    return !this.denied.has(`${verb} ${target}`);
  }

  denies(verb: string, target: string): boolean {
    return this.status.phase === "live" && !this.may(verb, target);
  }

  call(command: string, args: Record<string, unknown>, _timeoutMs = 0, key = ""): Promise<unknown> {
    return this.answer(command, args, key);
  }

  cancel(command: string, call: { readonly id?: string; readonly key?: string }): Promise<void> {
    this.cancelled.push(call.id ?? call.key ?? "");
    return this.stop(command, call);
  }
}

function kept<T>(all: Map<string, T>, name: string, make: () => T): T {
  const found = all.get(name) ?? make();
  all.set(name, found);
  return found;
}
