// A chat: messages by id, and who is there.

import { Listeners } from "../connection/listeners.ts";
import type { ChatFeed, ChatMessage, Member } from "../connection/types.ts";
import { asArray, asObject, isObject, type JsonObject } from "./columns.ts";
import { BaseFeed, Malformed, type Publication } from "./feed.ts";
import { Members } from "./members.ts";

/** Publishes to the feed's channel; rejects with what the hub says. */
type Publish = (data: unknown) => Promise<void>;

const MAX_MESSAGES = 2_000;

export class Chat extends BaseFeed implements ChatFeed {
  override readonly crowd = new Members(() => this.#listeners.call());
  readonly #listeners = new Listeners<[]>();
  readonly #publish: Publish;
  readonly #makeId: () => string;
  /** In the order they came: a Map keeps it. */
  readonly #messages = new Map<string, ChatMessage>();

  constructor(channel: string, publish: Publish, makeId: () => string) {
    super(channel, false);
    this.#publish = publish;
    this.#makeId = makeId;
  }

  get messages(): readonly ChatMessage[] {
    return [...this.#messages.values()];
  }

  get members(): readonly Member[] {
    return this.crowd.list;
  }

  onChange(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  say(text: string): Promise<void> {
    return this.#publish({ type: "message", id: this.#makeId(), text });
  }

  protected override restart(data: unknown): void {
    const snapshot = asObject(data ?? {}, "the snapshot");
    const list = asArray(snapshot.messages ?? [], `the snapshot's "messages"`);
    const messages = list.map((item) => asMessage(asObject(item, "a message of the snapshot")));
    this.#messages.clear();
    for (const message of messages) this.#messages.set(message.id, message);
    this.#listeners.call();
  }

  protected override apply(publication: Publication): void {
    const data = asObject(publication.data, "a chat publication");
    const id = asText(data, "id");
    const old = this.#messages.get(id);
    switch (data.type) {
      case "message":
        // The same id again is the same message: a sender that was not sure sends it twice.
        if (!old) this.#messages.set(id, newMessage(id, data, publication));
        break;
      case "append":
        if (old) this.#messages.set(id, { ...old, text: old.text + asText(data, "text"), open: data.done !== true });
        break;
      case "edit":
        if (old) this.#messages.set(id, { ...old, text: asText(data, "text"), edited: true, open: false });
        break;
      case "delete":
        this.#messages.delete(id);
        break;
      case "reaction":
        if (old) this.#messages.set(id, react(old, asText(data, "emoji"), publication.info?.user ?? "", data.on !== false));
        break;
      default:
        throw new Malformed(`a chat publication is of an unknown type`);
    }
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size <= MAX_MESSAGES) break;
      this.#messages.delete(oldest);
    }
    this.#listeners.call();
  }
}

function newMessage(id: string, data: JsonObject, { info, timeMs }: Publication): ChatMessage {
  const user = info?.user ?? "";
  return {
    id,
    text: asText(data, "text"),
    user,
    name: info?.name ?? user,
    timeMs: timeMs ?? 0,
    edited: false,
    open: data.open === true,
    reactions: new Map(),
  };
}

function asMessage(data: JsonObject): ChatMessage {
  const user = typeof data.user === "string" ? data.user : "";
  const reactions = new Map<string, readonly string[]>();
  if (isObject(data.reactions)) {
    for (const [emoji, users] of Object.entries(data.reactions)) {
      if (Array.isArray(users)) reactions.set(emoji, users.filter((name) => typeof name === "string"));
    }
  }
  return {
    id: asText(data, "id"),
    text: asText(data, "text"),
    user,
    name: typeof data.name === "string" && data.name !== "" ? data.name : user,
    timeMs: typeof data.time === "number" ? data.time : 0,
    edited: data.edited === true,
    open: data.open === true,
    reactions,
  };
}

function react(message: ChatMessage, emoji: string, user: string, on: boolean): ChatMessage {
  const reactions = new Map(message.reactions);
  const others = (reactions.get(emoji) ?? []).filter((name) => name !== user);
  const users = on ? [...others, user] : others;
  if (users.length > 0) reactions.set(emoji, users);
  else reactions.delete(emoji);
  return { ...message, reactions };
}

function asText(data: JsonObject, name: string): string {
  const text = data[name];
  if (typeof text !== "string") throw new Malformed(`a chat publication has no text "${name}"`);
  return text;
}
