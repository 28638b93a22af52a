// A chat: messages by id, and who is there.
//
// The fold is the hub's, rtwidgets/core/conversation.py; tests/golden/chat.json holds the two together.

import { Listeners } from "../connection/listeners.ts";
import type { ChatFeed, ChatMessage, CommandNote, Member, Saying } from "../connection/types.ts";
import { readMessage, readNote, readPage, textOf, writeNote } from "./chat_forms.ts";
import { asObject, type JsonObject } from "./columns.ts";
import { BaseFeed, Malformed, type Publication } from "./feed.ts";
import { Members } from "./members.ts";

const MAX_MESSAGES = 2_000;
const PAGE = 100;

/** The way to the hub. */
export interface Wire {
  publish(data: unknown): Promise<void>;
  /** Call a method and return its result. */
  ask(method: string, data: unknown): Promise<unknown>;
  /** Call a method, now or never. */
  tell(method: string, data: unknown): void;
}

export class Chat extends BaseFeed implements ChatFeed {
  override readonly crowd = new Members(() => this.#listeners.call());
  readonly #listeners = new Listeners<[]>();
  readonly #typingListeners = new Listeners<[string, string]>();
  readonly #wire: Wire;
  /** In the order they came: a Map keeps it. */
  #messages = new Map<string, ChatMessage>();
  /** The same as a list, until something changes. */
  #list: readonly ChatMessage[] | null = null;
  /** Ids that somebody has used again whose first message the hub has let go of: what comes is about another one. */
  #taken = new Set<string>();
  #more = false;
  #older: Promise<void> | null = null;

  constructor(channel: string, wire: Wire) {
    super(channel, false);
    this.#wire = wire;
  }

  get messages(): readonly ChatMessage[] {
    return (this.#list ??= [...this.#messages.values()]);
  }

  get more(): boolean {
    return this.#more;
  }

  get members(): readonly Member[] {
    return this.crowd.list;
  }

  find(id: string): ChatMessage | null {
    return this.#messages.get(id) ?? null;
  }

  isLeft({ open, writer, interrupted }: ChatMessage): boolean {
    return interrupted || open && writer !== "" && this.crowd.known && !this.crowd.has(writer);
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  onTyping(fn: (user: string, name: string) => void, signal: AbortSignal): void {
    this.#typingListeners.add(fn, signal);
  }

  say({ id, text, replyTo, command }: Saying): Promise<void> {
    const reply = replyTo ? { reply_to: replyTo } : {};
    return this.#wire.publish({ type: "message", id, text, ...reply, ...(command ? { command: writeNote(command) } : {}) });
  }

  edit(id: string, text: string, note?: CommandNote): Promise<void> {
    return this.#wire.publish({ type: "edit", id, text, ...(note ? { command: writeNote(note) } : {}) });
  }

  remove(id: string): Promise<void> {
    return this.#wire.publish({ type: "delete", id });
  }

  react(id: string, emoji: string, on: boolean): Promise<void> {
    return this.#wire.publish({ type: "reaction", id, emoji, on });
  }

  typing(): void {
    this.#wire.tell("rtwidgets.typing", { channel: this.channel });
  }

  older(): Promise<void> {
    return (this.#older ??= this.#askOlder().finally(() => (this.#older = null)));
  }

  async #askOlder(): Promise<void> {
    const all = this.#messages;
    const before = all.keys().next().value ?? null;
    const answer = await this.#wire.ask("rtwidgets.messages", { channel: this.channel, before, limit: PAGE });
    // A snapshot came meanwhile: what was asked for no longer is what comes before.
    if (this.#messages !== all) return;
    const page = readPage(asObject(answer, "an answer"));
    this.#more = page.more && page.messages.length > 0;
    const older = new Map(page.messages.map((message) => [message.id, message]));
    for (const [id, message] of all) older.set(id, message);
    this.#messages = older;
    this.#changed();
  }

  protected override restart(data: unknown): void {
    const page = readPage(asObject(data ?? {}, "the snapshot"));
    this.#messages = new Map(page.messages.map((message) => [message.id, message]));
    this.#taken.clear();
    this.#more = page.more;
    this.#changed();
  }

  protected override apply(publication: Publication): void {
    const data = asObject(publication.data, "a chat publication");
    if (data.type === "typing") {
      if (publication.info) this.#typingListeners.call(publication.info.user, publication.info.name);
      return;
    }
    const id = textOf(data, "id");
    const old = this.#messages.get(id);
    if (old && data.type === "message" && old.user !== (publication.info?.user ?? "")) this.#taken.add(id);
    if (this.#taken.has(id)) return;
    switch (data.type) {
      case "message":
        // The same id again is the same message: a sender that was not sure sends it twice.
        if (!old) this.#messages.set(id, said(data, publication));
        break;
      case "append":
        if (old) this.#messages.set(id, { ...old, text: old.text + (data.text === undefined ? "" : textOf(data, "text")), ...writing(data.done !== true, publication), interrupted: data.done === true && data.interrupted === true });
        break;
      case "edit":
        if (old) this.#messages.set(id, edited(old, data));
        break;
      case "delete":
        this.#messages.delete(id);
        break;
      case "reaction":
        if (old) this.#messages.set(id, reacted(old, textOf(data, "emoji"), publication.info?.user ?? "", data.on !== false));
        break;
      default:
        throw new Malformed(`a chat publication is of an unknown type`);
    }
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size <= MAX_MESSAGES) break;
      this.#messages.delete(oldest);
      this.#taken.delete(oldest);
      this.#more = true;
    }
    this.#changed();
  }

  #changed(): void {
    this.#list = null;
    this.#listeners.call();
  }
}

/** A new message: who said it and when is the hub's word, never the data's. */
function said(data: JsonObject, { info, timeMs }: Publication): ChatMessage {
  const user = info?.user ?? "";
  const of = { ...writing(data.open === true, { info }), user, name: info?.name ?? user, time: timeMs ?? 0, edited: false, interrupted: false, reactions: {} };
  return readMessage({ ...data, ...of });
}

/** Whether a message is still being written, and by which connection. */
function writing(open: boolean, { info }: Pick<Publication, "info">): Pick<ChatMessage, "open" | "writer"> {
  return { open, writer: open ? (info?.client ?? "") : "" };
}

function edited(message: ChatMessage, data: JsonObject): ChatMessage {
  const text = textOf(data, "text");
  const note = readNote(data.command);
  const whole = { ...message, text, open: false, writer: "", interrupted: false };
  return note ? { ...whole, command: note } : { ...whole, edited: true };
}

function reacted(message: ChatMessage, emoji: string, user: string, on: boolean): ChatMessage {
  const before = message.reactions.get(emoji) ?? [];
  if (before.includes(user) === on) return message;
  const reactions = new Map(message.reactions);
  const users = on ? [...before, user] : before.filter((other) => other !== user);
  if (users.length > 0) reactions.set(emoji, users);
  else reactions.delete(emoji);
  return { ...message, reactions };
}
