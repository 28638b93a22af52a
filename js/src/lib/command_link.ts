// A widget's tie to a command: its row in the catalogue, the calls of its scope, and the call of its own.

import type { CallError, ConnectionStatus, Key, Row, TableFeed } from "../connection/types.ts";
import { randomId } from "../connection/ids.ts";
import { isObject } from "../feeds/columns.ts";
import { shownName } from "./names.ts";
import { isLive, linkToHub, type Link } from "./link.ts";
import type { Spec } from "./options.ts";
import { readiness } from "./readiness.ts";
import type { Redraws } from "./redraws.ts";
import { savedFeed } from "./saved.ts";
import type { Sight } from "./sight.ts";

/** Roles of the channels that a command's widget needs. */
export const COMMAND_CHANNELS = ["commands", "calls"] as const;

/** The protocol's code for a handler that did not answer in time. */
const DEADLINE = 1002;
const CANCELLED = 1004;
const UNKNOWN = 1003;
const FAILED = 1001;
/** As long as the others see it: after that nobody can do anything about it here, and the audit tells of it. */
const UNKNOWN_SHOWN_MS = 30_000;
/** The rows of ended calls go after half a minute; more than this nobody presses in that time. */
const MOST_MINE = 50;

export type RunState = "running" | "cancelling" | "done" | "failed" | "cancelled" | "deadline" | "unknown";

/** One call of the command, as a viewer sees it. */
export interface Run {
  readonly key: string;
  /** Null while the hub has not shown it. */
  readonly id: string | null;
  readonly state: RunState;
  /** Who called: a name, "" for oneself. */
  readonly by: string;
  readonly fraction: number | null;
  readonly note: string;
  /** Why it did not end well. */
  readonly fault: string;
}

/** How the widget's own call ended. */
export interface Ending {
  readonly state: RunState | "refused";
  readonly result: unknown;
  readonly fault: string;
  readonly tookMs: number;
}

interface Own {
  readonly key: string;
  readonly startedMs: number;
  isCancelling: boolean;
}

export class CommandLink {
  readonly command: string;
  readonly catalogue: Link<TableFeed>;
  readonly calls: Link<TableFeed>;
  /** How the last call of the widget's own ended; null before the first, while one is under way, and once one whose outcome nobody knows is old. */
  ending: Ending | null = null;
  readonly #redraws: Redraws;
  #own: Own | null = null;
  /** Keys of the calls that this widget has made of late: what is said of them is in `ending`. */
  readonly #mine: string[] = [];
  #locked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The catalogue's row of the command, kept while its handler is away. */
  #row: Row | null = null;

  constructor({ hub, channels, options, saved }: Spec<{ readonly command: string }>, sight: Sight, redraws: Redraws, signal: AbortSignal) {
    const want = sight.want();
    this.command = options.command;
    this.#redraws = redraws;
    const follow = (role: (typeof COMMAND_CHANNELS)[number]): Link<TableFeed> => {
      const channel = channels.get(role) ?? "";
      const link = linkToHub<TableFeed>(
        hub,
        (connection, until) => {
          connection.onStatus(() => redraws.request(), until);
          return connection.table(channel, want, until);
        },
        (feed, until) => {
          feed.onChange(() => redraws.request(), until);
          feed.onStatus(() => redraws.request(), until);
          redraws.request();
        },
        signal,
        savedFeed(saved, role, "table", channel),
      );
      link.onChange(() => redraws.request(), signal);
      return link;
    };
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
    this.catalogue = follow("commands");
    this.calls = follow("calls");
  }

  get status(): ConnectionStatus | null {
    return this.catalogue.connection?.status ?? null;
  }

  /** Why the command can't be called now; null when it can, "" where the badge says it. */
  get whyNot(): string | null {
    // Of what was saved the badge says all there is to say.
    if (this.catalogue.savedAtMs !== null) return "";
    return this.locked || readiness(this.command, this.status, this.catalogue.feed, this.row !== null);
  }

  /** Whether the page's token gives the right to call the command, and so to stop its calls. */
  get mayCall(): boolean {
    return this.catalogue.connection?.may("command", `command:${this.command}`) ?? false;
  }

  /** Why the command is not this user's to call; "" while it is, or nobody knows. What was locked stays so while the hub is away. */
  get locked(): string {
    const { connection } = this.catalogue;
    if (connection?.status.phase === "live") this.#locked = connection.denies("command", `command:${this.command}`);
    return this.#locked ? `you can watch this, not run it: you have no right to call '${this.command}'` : "";
  }

  /** What the catalogue says of the command, or said before its handler went away. */
  get row(): Row | null {
    const found = this.catalogue.feed?.rows.get(this.command);
    // A copy, as the feed forgets the row when the handler goes.
    if (found) this.#row = new Map(found);
    return this.#row;
  }

  /** The widget's own call, while it is under way. */
  get own(): Run | null {
    const own = this.#own;
    if (!own) return null;
    const row = [...this.#rows()].find(([, cells]) => this.#isMine(cells) && cells.get("key") === own.key);
    const seen = row ? runOf(row[0], row[1], "") : null;
    const state = own.isCancelling || seen?.state === "cancelling" ? "cancelling" : "running";
    return { ...(seen ?? { id: null, fraction: null, note: "", fault: "", by: "" }), key: own.key, state };
  }

  /** The calls of others, and of oneself from elsewhere: those under way, the newest first, then what has just ended. */
  get others(): readonly Run[] {
    const found: { run: Run; under: boolean; at: number }[] = [];
    for (const [key, cells] of this.#rows()) {
      if (this.#isMine(cells) && this.#mine.includes(textIn(cells, "key"))) continue;
      const run = runOf(key, cells, this.#isMine(cells) ? "you" : shownName(textIn(cells, "name") || textIn(cells, "user")) || "somebody");
      const at = cells.get("started_ms");
      found.push({ run, under: isUnderWay(run), at: typeof at === "number" ? at : 0 });
    }
    found.sort((a, b) => Number(b.under) - Number(a.under) || b.at - a.at);
    return found.map(({ run }) => run);
  }

  /** Call the command; how it ends is in `ending`. */
  async start(args: Record<string, unknown>, timeoutMs: number): Promise<void> {
    if (this.#own) return;
    const connection = this.catalogue.connection;
    if (!connection) return this.#end(0, { state: "refused", result: undefined, fault: "not connected" });
    const own: Own = { key: randomId(), startedMs: Date.now(), isCancelling: false };
    this.#own = own;
    this.#mine.splice(0, Math.max(0, this.#mine.length - MOST_MINE));
    this.#mine.push(own.key);
    this.#show(null);
    try {
      const result = await connection.call(this.command, args, timeoutMs, own.key);
      this.#end(own.startedMs, { state: "done", result, fault: "" });
    } catch (error) {
      this.#end(own.startedMs, { state: stateOf(error), result: undefined, fault: this.#faultOf(error, timeoutMs) });
    }
  }

  /** Ask the handler of a call to stop. */
  async cancel(run: Run): Promise<void> {
    const connection = this.catalogue.connection;
    if (!connection) return;
    const own = this.#own?.key === run.key ? this.#own : null;
    if (own) own.isCancelling = true;
    this.#redraws.request();
    try {
      await connection.cancel(this.command, own ? { key: run.key } : { id: run.id ?? "" });
    } catch {
      // It goes on: it is shown as running again, and can be asked to stop again.
      if (own) own.isCancelling = false;
      this.#redraws.request();
    }
  }

  #rows(): Iterable<[Key, Row]> {
    const rows = this.calls.feed?.rows ?? new Map<Key, Row>();
    return [...rows].filter(([, cells]) => cells.get("command") === this.command);
  }

  #isMine(cells: Row): boolean {
    return cells.get("user") === this.calls.connection?.user;
  }

  #end(startedMs: number, ending: Omit<Ending, "tookMs">): void {
    this.#own = null;
    this.#show({ ...ending, tookMs: startedMs ? Date.now() - startedMs : 0 });
  }

  #show(ending: Ending | null): void {
    clearTimeout(this.#timer);
    this.ending = ending;
    if (ending?.state === "unknown") this.#timer = setTimeout(() => this.#show(null), UNKNOWN_SHOWN_MS);
    this.#redraws.request();
  }

  #faultOf(error: unknown, timeoutMs: number): string {
    const said = error instanceof Error ? error.message : String(error);
    // Which command it is stands on the widget.
    const message = said.startsWith(`${this.command}: `) ? said.slice(this.command.length + 2) : said;
    if ((error as Partial<CallError> | null)?.code !== DEADLINE || this.status?.phase !== "live") return message;
    return `'${this.command}' did not answer within ${timeoutMs / 1000} s; with timeout_s=... it may take longer`;
  }
}

/** What to keep of a command for a page without a hub. */
export function commandPicture({ catalogue, command }: CommandLink): Record<string, unknown> | null {
  if (!isLive(catalogue) || !catalogue.feed?.key) return null;
  const cells = [...(catalogue.feed.rows.get(command) ?? [])].map(([name, cell]) => [name, [cell]] as const);
  return { commands: { key: catalogue.feed.key, rows: Object.fromEntries(cells) } };
}

/** Whether a call can still be stopped. */
export function isUnderWay({ state }: Run): boolean {
  return state === "running" || state === "cancelling";
}

/** The schema that the catalogue's row of a command carries. */
export function schemaIn(row: Row | null): unknown {
  const schema = row?.get("schema");
  return isObject(schema) ? schema : null;
}

export function textIn(row: Row, name: string): string {
  const cell = row.get(name);
  return typeof cell === "string" ? cell : "";
}

const STATES: ReadonlySet<unknown> = new Set<RunState>(["running", "cancelling", "done", "failed", "cancelled", "deadline", "unknown"]);

function runOf(id: Key, cells: Row, by: string): Run {
  const state = cells.get("state");
  const fraction = cells.get("fraction");
  return {
    key: textIn(cells, "key"),
    id: String(id),
    state: STATES.has(state) ? (state as RunState) : "running",
    by,
    fraction: typeof fraction === "number" ? Math.min(1, Math.max(0, fraction)) : null,
    note: textIn(cells, "note"),
    fault: textIn(cells, "error"),
  };
}

function stateOf(error: unknown): Ending["state"] {
  switch ((error as Partial<CallError> | null)?.code) {
    case DEADLINE:
      return "deadline";
    case UNKNOWN:
      return "unknown";
    case CANCELLED:
      return "cancelled";
    case FAILED:
      return "failed";
    default:
      return "refused";
  }
}
