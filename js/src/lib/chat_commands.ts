// Calling commands from a chat: the line is said, and what becomes of it is told in an answer to it.

import type { CallError, CommandState, HubConnection, TableFeed } from "../connection/types.ts";
import { readArguments, signatureOf, splitCommand, type CommandRow } from "./command_line.ts";
import type { Conversation } from "./conversation.ts";
import { quoted } from "./options.ts";

const TIMEOUT_MS = 60_000;
/** The protocol's codes for "no answer in time" and "nobody knows". */
const UNKNOWN = new Set([1002, 1003]);
const LONGEST_RESULT = 4_000;

/** The scope of a channel's commands: what stands before the last slash, with that slash. */
export function scopeOf(channel: string): string {
  const name = (channel.split("#")[0] ?? "").replace(/^[^:]*:/, "");
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** The commands of a scope that somebody serves, by name. */
export function commandsOf(catalogue: TableFeed | null, scope: string): CommandRow[] {
  const rows = [...(catalogue?.rows.values() ?? [])].flatMap((row) => {
    const name = row.get("name");
    const handlers = row.get("handlers");
    if (typeof name !== "string" || !name.startsWith(scope) || name.slice(scope.length).includes("/")) return [];
    const title = row.get("title");
    return [{ name, short: name.slice(scope.length), title: typeof title === "string" ? title : "", schema: row.get("schema"), handlers: typeof handlers === "number" ? handlers : 0 }];
  });
  return rows.filter(({ handlers }) => handlers > 0).sort((a, b) => (a.short < b.short ? -1 : 1));
}

/** What a line that calls a command looks like as it is typed; "" for a text. */
export function commandHint(text: string, commands: readonly CommandRow[]): string {
  const line = splitCommand(text);
  const command = line && commands.find(({ short }) => short === line.name);
  return command ? `/${command.short} ${signatureOf(command.schema)}`.trim() + (command.title ? ` — ${command.title}` : "") : "";
}

/**
 * Call the command that a line names.
 *
 * @returns why it can't be called, or null: then what becomes of it is said in the conversation
 */
export function callFromLine(text: string, commands: readonly CommandRow[], conversation: Conversation, connection: HubConnection | null): string | null {
  const line = splitCommand(text);
  if (!line) return null;
  const command = commands.find(({ short }) => short === line.name);
  if (!command) return `nobody serves a command ${quoted(`/${line.name}`)} here; two slashes at the start make it a text`;
  // What is typed now must not act later.
  if (!connection || !conversation.isLive) return "a command is not kept for later: wait for the connection";
  const reading = readArguments(line.rest, command.schema);
  if ("fault" in reading) return `/${command.short}: ${reading.fault}`;
  void call(connection, command, reading.args, conversation, conversation.say(text));
  return null;
}

async function call(connection: HubConnection, { name }: CommandRow, args: Record<string, unknown>, conversation: Conversation, line: string): Promise<void> {
  const note = (state: CommandState) => ({ name, state, fraction: null });
  const answer = conversation.say("", line, note("running"));
  try {
    const result = await connection.call(name, args, TIMEOUT_MS);
    conversation.edit(answer, shortened(result), note("done"));
  } catch (error) {
    const unknown = UNKNOWN.has((error as Partial<CallError> | null)?.code ?? 0);
    conversation.edit(answer, shortened(error instanceof Error ? error.message : String(error)), note(unknown ? "unknown" : "failed"));
  }
}

function shortened(result: unknown): string {
  const text = typeof result === "string" ? result : result === null || result === undefined ? "" : JSON.stringify(result, null, 1);
  return text.length > LONGEST_RESULT ? `${text.slice(0, LONGEST_RESULT)}…` : text;
}
