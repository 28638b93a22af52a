// What the page's connection offers to the widgets. Types only: a widget's bundle takes nothing from here.

/** Whether the page talks to the hub: not yet, now, or given up until something changes. */
export type Phase = "connecting" | "live" | "down";

/** How the page reaches the hub: its own WebSocket, or through the kernel. */
export type Transport = "direct" | "relay";

export interface ConnectionStatus {
  readonly phase: Phase;
  readonly transport: Transport | null;
  /** Why it is not live, or why it is on the relay; null when there is nothing to say. */
  readonly reason: string | null;
  /** What the reason leaves out, such as a close code; for the details. */
  readonly detail?: string | null;
  /** How many times the transport changed. */
  readonly changes: number;
}

/** The page's one connection to a hub, shared by all its widgets. */
export interface HubConnection {
  readonly key: string;
  readonly status: ConnectionStatus;
  /** The user the hub knows this connection as; null before the first connect. */
  readonly user: string | null;
  readonly client: string | null;
  onStatus(fn: () => void, signal: AbortSignal): void;
  /** Whether the page's token gives a right, a verb on a channel or on `command:` and a name: for what is offered only, as the hub decides. */
  may(verb: string, target: string): boolean;
  /** Users who are present in a channel and in the others of its session, as far as this page knows. */
  present(channel: string): ReadonlySet<string>;
  /** Whether it does not, and no other token is on its way that could. */
  denies(verb: string, target: string): boolean;
  /**
   * The feed of a channel: one per channel and page, released when every signal it was asked with has aborted. Of
   * what its widgets want the most is asked of the hub.
   */
  stream(channel: string, want: Want, signal: AbortSignal): StreamFeed;
  table(channel: string, want: Want, signal: AbortSignal): TableFeed;
  value(channel: string, want: Want, signal: AbortSignal): ValueFeed;
  event(channel: string, want: Want, signal: AbortSignal): EventFeed;
  chat(channel: string, want: Want, signal: AbortSignal): ChatFeed;
  /**
   * Call a command and return its result; rejects with a CallError. With a key the call outlives a break of the
   * connection: it is asked for again, and not started again.
   */
  call(command: string, args: Record<string, unknown>, timeoutMs?: number, key?: string): Promise<unknown>;
  /** Ask the handler of a call to stop: of any call by its id, of the user's own by its key. */
  cancel(command: string, call: { readonly id: string } | { readonly key: string }): Promise<void>;
}

/** What a widget wants of a feed. */
export interface Want {
  /** Updates a second that are enough. */
  readonly maxHz: number;
  /** Whether somebody can see the widget; this one changes. */
  readonly visible: boolean;
  onChange(fn: () => void, signal: AbortSignal): void;
}

/** An error reply of the hub, with the protocol's code. */
export interface CallError extends Error {
  readonly code: number;
}

export interface FeedStatus {
  readonly phase: "waiting" | "live" | "refused";
  /** Why it is not live, or what was wrong with the last publication that could not be used. */
  readonly reason: string | null;
  /** When the newest publication was made, by the hub's clock; null before the first. */
  readonly lastTimeMs: number | null;
  readonly offset: number;
  /** Publications that are missing between two that came (kinds that do not merge only). */
  readonly gaps: number;
  /** Publications that came again; they are not applied twice. */
  readonly repeats: number;
  /** How often the hub's log no longer reached back to our position. */
  readonly lost: number;
  /** Publications that could not be used. */
  readonly bad: number;
  /** Publications that the hub folded into a later one (kinds that merge only). */
  readonly merged: number;
  /** Publications that were passed over while nobody could see them. */
  readonly skipped: number;
  /** Updates a second that the hub grants; null for all. */
  readonly maxHz: number | null;
}

export interface Feed {
  readonly channel: string;
  readonly status: FeedStatus;
  onStatus(fn: () => void, signal: AbortSignal): void;
}

/** Equal-length arrays by name. Made without a prototype: names come from outside. */
export type Columns = Record<string, unknown[]>;

export interface StreamFeed extends Feed {
  /**
   * Hear every batch of rows. What is kept comes first, at once, with `reset` true on its first batch;
   * `reset` comes again when the feed starts over from a snapshot (then with an empty batch if that is empty).
   */
  onBatch(fn: (batch: Columns, reset: boolean) => void, signal: AbortSignal): void;
}

export type Key = string | number | boolean;

/** One row of a table: cell by column name. */
export type Row = Map<string, unknown>;

export interface TableChange {
  /** The table was replaced by a snapshot; `changed` holds every row. */
  readonly reset: boolean;
  /** Keys of new and changed rows, with the names of the columns whose cells differ. */
  readonly changed: Map<Key, Set<string>>;
  readonly removed: Key[];
}

export interface TableFeed extends Feed {
  /** A large table comes in pieces, and some are still to come. */
  readonly loading: boolean;
  /** The key column; null while nobody declared the table. */
  readonly key: string | null;
  /** Column names in the order they were first seen, the key first. */
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<Key, Row>;
  onChange(fn: (change: TableChange) => void, signal: AbortSignal): void;
}

/** Who set a value, as the hub says. */
export interface ChangedBy {
  /** Their connection; empty for what was set before this page subscribed. */
  readonly client: string;
  readonly user: string;
  readonly name: string;
  readonly timeMs: number;
}

export interface ValueFeed extends Feed {
  readonly value: unknown;
  /** Whether the value was ever set. */
  readonly has: boolean;
  /** Rises with each set; 0 while it was never set. */
  readonly version: number;
  /** Who set it; null where nobody is known to have. */
  readonly by: ChangedBy | null;
  /**
   * Set the value. While one is on its way later ones wait, and only the latest of them is sent. Resolves with the
   * version that it became, null where the hub knows of none.
   */
  set(value: unknown): Promise<number | null>;
  /** Set the value if it still has this version; rejects with a CallError of code 1005 if not. */
  setIf(value: unknown, version: number): Promise<number | null>;
  onChange(fn: () => void, signal: AbortSignal): void;
}

export interface HubEvent {
  /** Rises with each event that this page has heard of in the channel; it is not the hub's. */
  readonly id: number;
  readonly data: unknown;
  /** By the hub's clock. */
  readonly timeMs: number;
  /** Who sent it, as the hub says; empty for the hub itself and for anonymous clients. */
  readonly user: string;
  readonly name: string;
}

export interface EventFeed extends Feed {
  /** The newest events, oldest first. */
  readonly events: readonly HubEvent[];
  /** Who is subscribed; empty where the page may not see presence or the namespace keeps none. */
  readonly members: readonly Member[];
  /** Hear each new event: not those that were kept before this page first subscribed. */
  onEvent(fn: (event: HubEvent) => void, signal: AbortSignal): void;
  /** Hear that `events` or `members` changed. */
  onChange(fn: () => void, signal: AbortSignal): void;
}

/** What the author of a message says came of a command they called: their word, not the hub's. */
export interface CommandNote {
  readonly name: string;
  readonly state: CommandState;
  /** How much of it is done, from 0 to 1. */
  readonly fraction: number | null;
  /** The call's key: with its caller it finds the call in the hub's own table. */
  readonly key: string | null;
}

export type CommandState = "running" | "done" | "failed" | "cancelled" | "unknown";

export interface ChatMessage {
  readonly id: string;
  readonly text: string;
  readonly user: string;
  readonly name: string;
  readonly timeMs: number;
  readonly edited: boolean;
  /** Still being written. */
  readonly open: boolean;
  /** The connection that wrote last of it while it is open; empty for others. */
  readonly writer: string;
  /** Its author ended it before it was complete. */
  readonly interrupted: boolean;
  /** Id of the message that it answers; that one may be older than what is here, or deleted. */
  readonly replyTo: string | null;
  /** What the author calls a part of theirs, such as a bot: their word. */
  readonly label: string | null;
  readonly command: CommandNote | null;
  /** Users by emoji. */
  readonly reactions: ReadonlyMap<string, readonly string[]>;
}

/** A message to say. */
export interface Saying {
  /** Made by who says it: the same id sent again is the same message. */
  readonly id: string;
  readonly text: string;
  readonly replyTo?: string | null;
  readonly command?: CommandNote | null;
}

/** What somebody may do in a session. */
export type Role = "viewer" | "editor" | "owner";

/** A user who is subscribed to a channel, from however many pages. */
export interface Member {
  readonly user: string;
  readonly name: string;
  readonly clients: number;
  /** Among the members of a session, by the hub's word; null elsewhere. */
  readonly role?: Role | null;
  /** Came by a link. */
  readonly guest?: boolean;
}

export interface ChatFeed extends Feed {
  readonly messages: readonly ChatMessage[];
  readonly members: readonly Member[];
  /** Whether the hub has messages from before the first one here. */
  readonly more: boolean;
  find(id: string): ChatMessage | null;
  /** Whether a message was never finished, and the connection that wrote it has gone. */
  isLeft(message: ChatMessage): boolean;
  say(saying: Saying): Promise<void>;
  /** With a note it says what became of a command, and is no edit. */
  edit(id: string, text: string, note?: CommandNote): Promise<void>;
  remove(id: string): Promise<void>;
  react(id: string, emoji: string, on: boolean): Promise<void>;
  /** Show others for a moment that we are typing. */
  typing(): void;
  /** Get messages from before the first one here. */
  older(): Promise<void>;
  onChange(fn: () => void, signal: AbortSignal): void;
  onTyping(fn: (user: string, name: string) => void, signal: AbortSignal): void;
}
