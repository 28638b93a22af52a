// Whether a command can be called now.

import type { ConnectionStatus, TableFeed } from "../connection/types.ts";

/**
 * Why the command can't be called now; null when it can, "" where that is said elsewhere.
 *
 * `wasThere` says that its handler has been seen: then it is away, and may come back.
 */
export function readiness(command: string, connection: ConnectionStatus | null, catalogue: TableFeed | null, wasThere: boolean): string | null {
  if (!command) return "the widget names no command";
  // The badge says it, of a dashboard once for all.
  if (connection?.phase !== "live") return "";
  // Who may not read the catalogue may still call: the hub decides, and says so.
  if (!catalogue || catalogue.status.phase === "refused") return null;
  if (catalogue.status.phase === "waiting") return "looking for the handler…";
  const handlers = catalogue.rows.get(command)?.get("handlers");
  if (typeof handlers === "number" && handlers > 0) return null;
  return wasThere ? `the handler of '${command}' is away; this goes on when it is back` : `no handler for '${command}' is connected`;
}
