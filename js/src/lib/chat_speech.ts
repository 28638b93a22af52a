// New messages read aloud by screen readers; history, and what one says oneself, is not.

import type { ChatMessage } from "../connection/types.ts";
import { authorOf } from "./chat_message.ts";
import { element, setText } from "./dom.ts";
import { plainText } from "./markdown.ts";

/** More at a time are counted. */
const MOST = 3;
const LONGEST = 300;

export interface Speech {
  readonly root: HTMLElement;
  /** Say something of our own. */
  say(text: string): void;
  /** Take in the chat as it is now, once it is there. */
  hear(messages: readonly ChatMessage[], me: string | null): void;
  /** Another conversation is shown. */
  forget(): void;
}

export function chatSpeech(): Speech {
  const root = element("div", { class: "rtw-unseen", role: "status" });
  root.setAttribute("aria-live", "polite");
  let known: Set<string> | null = null;
  return {
    root,
    say: (text) => setText(root, text),
    hear(messages, me) {
      const complete = messages.filter(({ open }) => !open);
      const fresh = known === null ? [] : complete.slice(-50).filter(({ id, user }) => user !== me && !known?.has(id));
      known = new Set(complete.map(({ id }) => id));
      if (fresh.length > MOST) setText(root, `${fresh.length} new messages`);
      else if (fresh.length > 0) setText(root, fresh.map((message) => `${authorOf(message)}: ${spoken(message)}`).join("\n"));
    },
    forget: () => (known = null),
  };
}

function spoken({ command, text }: ChatMessage): string {
  const said = plainText(text).slice(0, LONGEST);
  return command ? `command ${command.name} ${command.state}. ${said}` : said;
}
