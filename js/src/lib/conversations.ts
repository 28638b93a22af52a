// The conversations of a chat widget: the chat, and beside it one with each user that one writes with alone.

import type { ChatFeed, Want } from "../connection/types.ts";
import { directChannel, directPartner } from "./chat_names.ts";
import { Conversation } from "./conversation.ts";
import { followDirect } from "./own_notices.ts";
import { readUntilMs, type MarkStore } from "./read_mark.ts";
import type { SavedFeed } from "./saved.ts";

const MAX_PARTNERS = 50;

export class Conversations {
  readonly main: Conversation;
  readonly #direct = new Map<string, Conversation>();
  /** When somebody wrote to us alone, by user: as the hub has told. */
  readonly #toldMs = new Map<string, number>();
  #remembered: string[] | null = null;

  constructor(
    private readonly hub: string,
    readonly channel: string,
    private readonly want: Want,
    private readonly store: MarkStore,
    private readonly changed: () => void,
    private readonly signal: AbortSignal,
    saved: SavedFeed<ChatFeed> | null,
  ) {
    this.main = new Conversation(hub, channel, want, store, changed, signal, saved);
    followDirect(
      hub,
      want,
      (name, timeMs) => {
        const user = this.me === null ? null : directPartner(name, channel, this.me);
        if (user === null || (this.#toldMs.get(user) ?? 0) >= timeMs) return;
        this.#toldMs.set(user, timeMs);
        changed();
      },
      signal,
    );
  }

  get me(): string | null {
    return this.main.me;
  }

  /** The conversation with a user; null where there can be none. */
  with(user: string): Conversation | null {
    const known = this.#direct.get(user);
    if (known) return known;
    const name = this.me === null ? null : directChannel(this.channel, this.me, user);
    // One that is shown as the chat itself is not shown beside itself.
    if (name === null || name === this.channel) return null;
    const made = new Conversation(this.hub, name, this.want, this.store, this.changed, this.signal);
    this.#direct.set(user, made);
    this.#remember(user);
    return made;
  }

  canWrite(user: string): boolean {
    const name = this.me === null ? null : directChannel(this.channel, this.me, user);
    return name !== null && name !== this.channel;
  }

  /** Whom one writes with alone, and whether there is something new. */
  partners(): Map<string, boolean> {
    const me = this.me;
    const found = new Map<string, boolean>();
    if (me === null) return found;
    for (const user of this.#rememberedOf(me)) found.set(user, false);
    for (const [user, timeMs] of this.#toldMs) {
      const open = this.#direct.get(user);
      const name = directChannel(this.channel, me, user);
      if (name === null || name === this.channel) continue;
      found.set(user, open?.isKnown ? open.mark.unread > 0 : timeMs > readUntilMs(this.store, this.hub, me, name));
    }
    for (const [user, conversation] of this.#direct) if (conversation.mark.unread > 0) found.set(user, true);
    return found;
  }

  /** Keep count of what is new in the conversations that nobody sees now. */
  updateOthers(shown: Conversation): void {
    for (const conversation of [this.main, ...this.#direct.values()]) if (conversation !== shown) conversation.update(false);
  }

  #remember(user: string): void {
    const me = this.me;
    if (me === null) return;
    const others = this.#rememberedOf(me).filter((other) => other !== user);
    this.#remembered = [user, ...others].slice(0, MAX_PARTNERS);
    this.store.set(this.#name(me), JSON.stringify(this.#remembered));
  }

  #rememberedOf(me: string): string[] {
    return (this.#remembered ??= parseNames(this.store.get(this.#name(me))));
  }

  #name(me: string): string {
    return `rtwidgets.direct:${JSON.stringify([this.hub, me, this.channel.split("#")[0]])}`;
  }
}

function parseNames(text: string | null): string[] {
  try {
    const names: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(names) ? names.filter((name) => typeof name === "string").slice(0, MAX_PARTNERS) : [];
  } catch {
    return [];
  }
}
