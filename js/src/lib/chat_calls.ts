// Calling commands from a chat: the line is said, and what becomes of it is told in an answer to it.

import { randomId } from "../connection/ids.ts";
import type { CallError, ChatMessage, CommandNote, CommandState, HubConnection, Key, Row, TableFeed, Want } from "../connection/types.ts";
import { commandsOf, scopeOf } from "./chat_commands.ts";
import { readArguments, splitCommand, type CommandRow } from "./command_line.ts";
import { textIn } from "./command_link.ts";
import type { Conversation } from "./conversation.ts";
import { cut } from "./cut.ts";
import { isLive, linkToHub, type Link } from "./link.ts";
import { quoted } from "./options.ts";

const TIMEOUT_MS = 600_000;
/** So often an answer tells how far its command is. */
const TELL_EVERY_MS = 1_000;
const LONGEST_RESULT = 4_000;

/** The protocol's codes of calls that did not end well, as an answer tells them. */
const STATES = new Map<number, CommandState>([
  [1002, "unknown"],
  [1003, "unknown"],
  [1004, "cancelled"],
]);

/** A call of ours that is under way. */
interface Own {
  readonly name: string;
  readonly key: string;
  readonly answer: string;
  readonly conversation: Conversation;
  told: string;
  nextMs: number;
}

export class ChatCalls {
  readonly #catalogue: Link<TableFeed>;
  readonly #calls: Link<TableFeed>;
  readonly #scope: string;
  readonly #own = new Map<string, Own>();

  constructor(hub: string, channel: string, want: Want, changed: () => void, signal: AbortSignal) {
    this.#scope = scopeOf(channel);
    const follow = (name: string, heard: () => void) =>
      linkToHub<TableFeed>(
        hub,
        (connection, until) => connection.table(`table:${this.#scope}rtwidgets.${name}`, want, until),
        (feed, until) => feed.onChange(heard, until),
        signal,
      );
    this.#catalogue = follow("commands", changed);
    this.#calls = follow("calls", () => {
      this.#tell();
      changed();
    });
  }

  /** What can be called here. */
  get commands(): CommandRow[] {
    return commandsOf(this.#catalogue.feed, this.#scope);
  }

  /** The hub's id of the call that a message tells of, while it is under way and we may stop it; null else. */
  stoppable({ command, user }: ChatMessage): string | null {
    if (command?.state !== "running" || !command.key || !this.#connection?.may("command", `command:${command.name}`)) return null;
    const [id, row] = this.#rowOf(command.key, user) ?? [null, null];
    return row?.get("state") === "running" ? String(id) : null;
  }

  /** Ask the handler of a call to stop; what becomes of it is told by who called. */
  async stop(message: ChatMessage): Promise<void> {
    const id = this.stoppable(message);
    if (id !== null && message.command) await this.#connection?.cancel(message.command.name, { id });
  }

  /**
   * Call the command that a line names.
   *
   * @returns why it can't be called, or null: then what becomes of it is said in the conversation
   */
  run(text: string, conversation: Conversation): string | null {
    const line = splitCommand(text);
    const command = line && this.commands.find(({ short }) => short === line.name);
    if (!line || !command) return `nobody serves a command ${quoted(`/${line?.name ?? ""}`)} here; two slashes at the start make it a text`;
    const connection = this.#connection;
    // What is typed now must not act later.
    if (!connection || !conversation.isLive || !isLive(this.#catalogue)) return "a command is not kept for later: wait for the connection";
    if (!connection.may("command", `command:${command.name}`)) return `you have no right to call ${quoted(`/${command.short}`)}`;
    const reading = readArguments(line.rest, command.schema);
    if ("fault" in reading) return `/${command.short}: ${reading.fault}`;
    void this.#call(connection, command.name, reading.args, conversation, conversation.say(text));
    return null;
  }

  get #connection(): HubConnection | null {
    return this.#catalogue.connection;
  }

  #rowOf(key: string, user: string | null): [Key, Row] | null {
    return [...(this.#calls.feed?.rows ?? [])].find(([, row]) => textIn(row, "key") === key && row.get("user") === user) ?? null;
  }

  async #call(connection: HubConnection, name: string, args: Record<string, unknown>, conversation: Conversation, line: string): Promise<void> {
    const key = randomId();
    const note = (state: CommandState): CommandNote => ({ name, state, fraction: null, key });
    const answer = conversation.say("", line, note("running"));
    this.#own.set(key, { name, key, answer, conversation, told: "", nextMs: Date.now() + TELL_EVERY_MS });
    let text: string;
    let state: CommandState = "done";
    try {
      text = textOf(await connection.call(name, args, TIMEOUT_MS, key));
    } catch (error) {
      state = STATES.get((error as Partial<CallError> | null)?.code ?? 0) ?? "failed";
      text = state === "cancelled" ? "" : error instanceof Error ? error.message : String(error);
    }
    this.#own.delete(key);
    conversation.edit(answer, cut(text, LONGEST_RESULT), note(state));
  }

  /** Tell how far our calls are, as the hub shows it. */
  #tell(): void {
    const nowMs = Date.now();
    for (const own of this.#own.values()) {
      const row = this.#rowOf(own.key, own.conversation.me)?.[1];
      if (row?.get("state") !== "running" || nowMs < own.nextMs) continue;
      const part = row.get("fraction");
      const fraction = typeof part === "number" ? Math.min(1, Math.max(0, part)) : null;
      const text = cut(textIn(row, "note"), LONGEST_RESULT);
      const told = JSON.stringify([fraction, text]);
      if (told === own.told) continue;
      own.told = told;
      own.nextMs = nowMs + TELL_EVERY_MS;
      own.conversation.edit(own.answer, text, { name: own.name, state: "running", fraction, key: own.key });
    }
  }
}

function textOf(result: unknown): string {
  if (typeof result === "string") return result;
  return result === null || result === undefined ? "" : JSON.stringify(result, null, 1);
}
