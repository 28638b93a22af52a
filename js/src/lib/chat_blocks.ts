// A chat as rows: one for each message, with what stands above it.

import type { ChatMessage } from "../connection/types.ts";
import type { ColorOf } from "./palette.ts";

/** A pause after which an author's name and the time are said again. */
const PAUSE_MS = 5 * 60_000;

export interface ChatRow {
  readonly message: ChatMessage;
  /** Says the author and the time: the first of those that somebody says in a row. */
  readonly first: boolean;
  /** The first of its day. */
  readonly newDay: boolean;
  /** The line "New" stands above it. */
  readonly divider: boolean;
  /** The message that it answers: null for one that is gone, undefined for one that is not here. */
  readonly quoted: ChatMessage | null | undefined;
  /** It tells of the command right above it, of the same author. */
  readonly continues: boolean;
  /** The hub's id of the call that it tells of, while we may stop it. */
  readonly stoppable: string | null;
  /** It was never finished, and who wrote it has gone. */
  readonly left: boolean;
  /** The author's colour. */
  readonly color: string;
}

export interface Surroundings {
  /** Id of the message under the line "New". */
  readonly divider: string | null;
  /** Whether there are older messages, which are not here. */
  readonly more: boolean;
  /** The message of an id; null for none. */
  find(id: string): ChatMessage | null;
  stoppable(message: ChatMessage): string | null;
  isLeft(message: ChatMessage): boolean;
  readonly colorOf: ColorOf;
}

/** Put messages into rows. */
export function chatRows(messages: readonly ChatMessage[], { divider, more, find, stoppable, isLeft, colorOf }: Surroundings): ChatRow[] {
  let previous: ChatMessage | null = null;
  return messages.map((message) => {
    const newDay = previous === null || !sameDay(previous.timeMs, message.timeMs);
    const divided = message.id === divider;
    const follows =
      previous !== null &&
      previous.user === message.user &&
      previous.label === message.label &&
      (message.replyTo === null || message.replyTo === previous.id) &&
      message.timeMs - previous.timeMs < PAUSE_MS;
    const continues = follows && message.replyTo !== null && message.command !== null;
    previous = message;
    const quoted = message.replyTo === null ? null : (find(message.replyTo) ?? (more ? undefined : null));
    return { message, first: newDay || divided || !follows, newDay, divider: divided, quoted, continues, stoppable: stoppable(message), left: isLeft(message), color: colorOf(message.user) };
  });
}

/** Whether two rows show the same: messages are never changed, but replaced. */
export function sameRow(a: ChatRow, b: ChatRow): boolean {
  const looks = (row: ChatRow) => [row.message, row.first, row.newDay, row.divider, row.quoted, row.continues, row.stoppable, row.left, row.color];
  return looks(a).every((part, i) => part === looks(b)[i]);
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
