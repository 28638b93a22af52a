// An event as a line of text: what a log, a toast or a list of notices shows of it.

import type { HubEvent } from "../connection/types.ts";
import { isObject } from "../feeds/columns.ts";
import { cut } from "./cut.ts";
import { formatCell, shortCell } from "./format.ts";
import { shownName } from "./names.ts";

export const LEVELS = ["debug", "info", "success", "warning", "error"] as const;
export type Level = (typeof LEVELS)[number];

export interface Entry {
  /** Rises with each event of its channel on this page. */
  readonly id: number;
  readonly timeMs: number;
  readonly level: Level;
  readonly text: string;
  /** What else the event says, in the order it came. */
  readonly fields: readonly (readonly [name: string, text: string])[];
  /** Who sent it, as a person is called; "" for nobody one could name. */
  readonly who: string;
  readonly user: string;
  /** What it is about, such as "direct" or "mention"; "" for what somebody just says. */
  readonly type: string;
  /** The channel it is about, or "". */
  readonly about: string;
}

/** Longer texts are of no use to a reader of lines, and cost the page much. */
const MAX_TEXT = 4_000;
const MAX_FIELD = 400;
const MAX_FIELDS = 24;

/** Other words for the same. */
const SYNONYMS = new Map<string, Level>([
  ...LEVELS.map((level): [string, Level] => [level, level]),
  ["trace", "debug"],
  ["notice", "info"],
  ["ok", "success"],
  ["warn", "warning"],
  ["err", "error"],
  ["critical", "error"],
  ["fatal", "error"],
]);

/** Read an event; an event of any form has a line. */
export function entryOf({ id, data, timeMs, user, name }: HubEvent): Entry {
  const said = isObject(data) ? data : null;
  const textName = said && ["text", "message", "msg"].find((key) => typeof said[key] === "string");
  const fields = said
    ? Object.entries(said).filter(([key]) => key !== textName && key !== "level" && key !== "type" && key !== "channel")
    : [];
  const text = said ? (textName ? String(said[textName]) : "") : formatCell(data);
  return {
    id,
    timeMs,
    level: levelOf(said?.level),
    text: cut(text, MAX_TEXT),
    fields: fields.slice(0, MAX_FIELDS).map(([key, value]) => [cut(key, MAX_FIELD), cut(shortCell(value), MAX_FIELD)]),
    who: shownName(name || user),
    user,
    type: typeof said?.type === "string" ? said.type : "",
    about: typeof said?.channel === "string" ? said.channel : "",
  };
}

function levelOf(given: unknown): Level {
  return (typeof given === "string" && SYNONYMS.get(given.toLowerCase())) || "info";
}

/** Whether a line is at least of this level and has these words, in whatever place. */
export function matchesFilter(entry: Entry, least: Level, words: string): boolean {
  if (LEVELS.indexOf(entry.level) < LEVELS.indexOf(least)) return false;
  const wanted = words.toLowerCase().split(/\s+/u).filter(Boolean);
  if (wanted.length === 0) return true;
  const whole = [entry.text, entry.who, entry.level, ...entry.fields.flat()].join("\n").toLowerCase();
  return wanted.every((word) => whole.includes(word));
}
