// Reading what a hub says of a chat's messages.

import type { ChatMessage, CommandNote, CommandState } from "../connection/types.ts";
import { asArray, asObject, isObject, type JsonObject } from "./columns.ts";
import { Malformed } from "./feed.ts";

const STATES: readonly CommandState[] = ["running", "done", "failed", "cancelled", "unknown"];

/** Messages that follow each other, oldest first, and whether there are older ones. */
export function readPage(data: JsonObject): { messages: ChatMessage[]; more: boolean } {
  const list = asArray(data.messages ?? [], `the list "messages"`);
  return { messages: list.map((item) => readMessage(asObject(item, "a message"))), more: data.more === true };
}

export function readMessage(data: JsonObject): ChatMessage {
  const user = typeof data.user === "string" ? data.user : "";
  const reactions = new Map<string, readonly string[]>();
  if (isObject(data.reactions)) {
    for (const [emoji, users] of Object.entries(data.reactions)) {
      if (Array.isArray(users)) reactions.set(emoji, users.filter((name) => typeof name === "string"));
    }
  }
  return {
    id: textOf(data, "id"),
    text: data.text === undefined ? "" : textOf(data, "text"),
    user,
    name: typeof data.name === "string" && data.name !== "" ? data.name : user,
    timeMs: typeof data.time === "number" ? data.time : 0,
    edited: data.edited === true,
    open: data.open === true,
    writer: typeof data.writer === "string" ? data.writer : "",
    interrupted: data.interrupted === true,
    replyTo: typeof data.reply_to === "string" ? data.reply_to : null,
    label: typeof data.label === "string" ? data.label : null,
    command: readNote(data.command),
    reactions,
  };
}

/** A message as a chat's snapshot has it, to be saved: connections are not. */
export function writeMessage({ timeMs, replyTo, command, reactions, writer: _, ...rest }: ChatMessage): Readonly<Record<string, unknown>> {
  return {
    ...rest,
    time: timeMs,
    ...(replyTo === null ? {} : { reply_to: replyTo }),
    ...(command === null ? {} : { command: writeNote(command) }),
    reactions: Object.fromEntries(reactions),
  };
}

export function writeNote({ name, state, fraction, key }: CommandNote): Readonly<Record<string, unknown>> {
  return { name, state, ...(fraction === null ? {} : { fraction }), ...(key === null ? {} : { key }) };
}

/** What the author says of a command; null where there is nothing, or nothing that can be read. */
export function readNote(data: unknown): CommandNote | null {
  if (!isObject(data) || typeof data.name !== "string") return null;
  const state = STATES.find((known) => known === data.state) ?? "unknown";
  const { fraction } = data;
  const part = typeof fraction === "number" && Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : null;
  return { name: data.name, state, fraction: part, key: typeof data.key === "string" ? data.key : null };
}

export function textOf(data: JsonObject, name: string): string {
  const text = data[name];
  if (typeof text !== "string") throw new Malformed(`a chat publication has no text "${name}"`);
  return text;
}
