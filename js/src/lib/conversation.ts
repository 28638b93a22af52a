// One conversation of a chat widget: the chat itself, or a direct one beside it. It lives with the model, so that what
// is on its way, typed or read survives a view that is built again.

import { randomId } from "../connection/ids.ts";
import type { ChatFeed, ChatMessage, CommandNote, Want } from "../connection/types.ts";
import type { Draft } from "./compose.ts";
import { isLive, linkToHub, type Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { ReadMark, type MarkStore } from "./read_mark.ts";
import type { SavedFeed } from "./saved.ts";
import { Typing } from "./typing.ts";
import { unsentHere, type Unsent } from "./unsent.ts";

const NONE: readonly ChatMessage[] = [];

export class Conversation {
  readonly draft: Draft = { text: "", reply: null, edit: null };
  readonly outbox: Outbox;
  readonly mark: ReadMark;
  readonly typing = new Typing();
  readonly link: Link<ChatFeed>;
  /** Whether the hub has ever told us what is in it. */
  isKnown = false;
  /** Under which name what we say here is kept while it is not acknowledged; null while nobody knows who we are. */
  #unsent: string | null = null;

  constructor(
    private readonly hub: string,
    readonly channel: string,
    want: Want,
    store: MarkStore,
    changed: () => void,
    private readonly signal: AbortSignal,
    saved: SavedFeed<ChatFeed> | null = null,
  ) {
    this.mark = new ReadMark(store, channel);
    this.outbox = new Outbox(() => this.isLive, changed, signal, (id) => this.#unsent === null || unsentHere.drop(this.#unsent, id));
    this.link = linkToHub<ChatFeed>(
      hub,
      (connection, until) => {
        connection.onStatus(() => {
          this.#takeUnsent();
          this.outbox.pump();
          changed();
        }, until);
        return connection.chat(channel, want, until);
      },
      (feed, until) => {
        let last: string | undefined;
        feed.onChange(() => {
          const newest = feed.messages.at(-1);
          if (newest && newest.id !== last) this.typing.said(newest.user);
          last = newest?.id;
          changed();
        }, until);
        feed.onTyping((user, name) => {
          this.typing.heard(user, name, Date.now());
          changed();
        }, until);
        feed.onStatus(() => {
          this.outbox.pump();
          changed();
        }, until);
        changed();
      },
      signal,
      saved,
    );
    this.link.onChange(() => this.#takeUnsent(), signal);
    this.#takeUnsent();
  }

  get me(): string | null {
    return this.link.connection?.user ?? null;
  }

  get isLive(): boolean {
    return isLive(this.link);
  }

  get messages(): readonly ChatMessage[] {
    return this.link.feed?.messages ?? NONE;
  }

  /** Take in what came: what is acknowledged, what is new to a reader who sees the end or does not. */
  update(reads: boolean): void {
    const { feed } = this.link;
    if (!feed) return;
    this.outbox.reconcile((id) => feed.find(id));
    this.isKnown ||= this.isLive;
    if (this.isKnown && this.me !== null) this.mark.update(feed.messages, this.hub, this.me, reads);
  }

  /** Say something; the id of the message. */
  say(text: string, replyTo: string | null = null, command: CommandNote | null = null): string {
    const saying = { id: randomId(), text, replyTo, command };
    const timeMs = Date.now();
    this.mark.clear();
    // What tells of a command is worth nothing when the command's call is gone.
    if (this.#unsent !== null && !command) unsentHere.keep(this.#unsent, { saying, timeMs }, this.signal);
    this.#send({ saying, timeMs });
    return saying.id;
  }

  edit(id: string, text: string, note?: CommandNote): void {
    this.outbox.send(id, null, () => this.#feed().edit(id, text, note), Date.now());
  }

  remove(id: string): void {
    this.outbox.send(id, null, () => this.#feed().remove(id), Date.now());
  }

  react(id: string, emoji: string, on: boolean): void {
    this.outbox.send(id, null, () => this.#feed().react(id, emoji, on), Date.now());
  }

  /** Show the others that we are typing, now and then. */
  typed(): void {
    if (this.isLive && this.typing.isDue(Date.now())) this.link.feed?.typing();
  }

  #send({ saying, timeMs }: Unsent): void {
    this.outbox.send(saying.id, saying, () => this.#feed().say(saying), timeMs);
  }

  /** Go on with what we said here before the page was loaded again, or the widget made anew. */
  #takeUnsent(): void {
    if (this.me === null || this.#unsent !== null) return;
    this.#unsent = JSON.stringify([this.hub, this.me, this.channel]);
    for (const unsent of unsentHere.take(this.#unsent, this.signal)) this.#send(unsent);
  }

  #feed(): ChatFeed {
    const { feed } = this.link;
    if (!feed) throw Object.assign(new Error("there is no connection to the hub"), { code: 1 });
    return feed;
  }
}
