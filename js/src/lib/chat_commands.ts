// The commands that can be called from a chat.

import type { TableFeed } from "../connection/types.ts";
import { readArguments, signatureOf, splitCommand, type CommandRow } from "./command_line.ts";

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

/** Whether a line calls a command as it stands: its name is whole, and nothing that it needs is missing. */
export function isComplete(text: string, commands: readonly CommandRow[]): boolean {
  const line = splitCommand(text);
  const command = line && commands.find(({ short }) => short === line.name);
  return command ? "args" in readArguments(line.rest, command.schema) : false;
}
