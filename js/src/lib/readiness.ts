// Whether a command can be called now.

import type { ConnectionStatus, TableFeed } from "../connection/types.ts";

/** Why the command can't be called now; null when it can. */
export function readiness(command: string, connection: ConnectionStatus | null, catalogue: TableFeed | null): string | null {
  if (!command) return "the button names no command";
  if (connection?.phase !== "live") return "not connected";
  // Who may not read the catalogue may still call: the hub decides, and says so.
  if (!catalogue || catalogue.status.phase === "refused") return null;
  if (catalogue.status.phase === "waiting") return "looking for the handler…";
  const handlers = catalogue.rows.get(command)?.get("handlers");
  return typeof handlers === "number" && handlers > 0 ? null : `no handler for '${command}' is connected`;
}
