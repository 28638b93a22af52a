// Messages of one author close together are one block; a new day is said between blocks.

import type { ChatMessage } from "../connection/types.ts";
import { shownName } from "./names.ts";

/** A pause after which an author's name and the time are said again. */
const PAUSE_MS = 5 * 60_000;

export interface ChatBlock {
  readonly user: string;
  readonly name: string;
  readonly timeMs: number;
  /** The first block of its day. */
  readonly newDay: boolean;
  readonly messages: readonly ChatMessage[];
}

export function chatBlocks(messages: readonly ChatMessage[]): ChatBlock[] {
  const blocks: (ChatBlock & { messages: ChatMessage[] })[] = [];
  let previous: ChatMessage | null = null;
  for (const message of messages) {
    const newDay = previous === null || !sameDay(previous.timeMs, message.timeMs);
    const block = blocks.at(-1);
    if (block && previous && !newDay && block.user === message.user && message.timeMs - previous.timeMs < PAUSE_MS) {
      block.messages.push(message);
    } else {
      blocks.push({ user: message.user, name: shownName(message.name || message.user), timeMs: message.timeMs, newDay, messages: [message] });
    }
    previous = message;
  }
  return blocks;
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** One or two letters for an author. */
export function initials(name: string): string {
  const words = name.trim().split(/[\s._-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...(word ?? "")][0] ?? "") : [...(words[0] ?? "?")].slice(0, 1);
  return letters.join("").toUpperCase();
}
