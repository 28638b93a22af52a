// Reading a dashboard's layout: a value that any editor may have set, from any version. Nothing here throws.

import { asRecord, quoted } from "./options.ts";
import { COLUMNS, settled, type Box } from "./panel_grid.ts";
import { shortName } from "./titles.ts";

export const MAX_PANELS = 64;
const MAX_ID_CHARS = 64;
const MAX_TITLE_CHARS = 200;
/** No panel stands so far down; it rises to below the others. */
const AT_THE_END = 100_000;
/** Where the layout does not say it. */
const DEFAULT_PLACE = { x: 0, y: AT_THE_END, w: COLUMNS, h: 8 };
const SAID = 3;

type Json = Readonly<Record<string, unknown>>;

export interface Panel extends Box {
  /** The widget's spec, as it came. */
  readonly spec: unknown;
  /** All that came: what a newer version has written is written back. */
  readonly raw: Json;
}

export interface Layout {
  readonly title: string;
  /** In reading order. */
  readonly panels: readonly Panel[];
  /** What is wrong, in sentences. */
  readonly problems: readonly string[];
  readonly raw: Json;
  /** Panels that can't be shown here; they are written back, too. */
  readonly unread: readonly unknown[];
}

/** Read the value of the layout's channel. */
export function readLayout(value: unknown): Layout {
  const raw = asRecord(value);
  if (!raw) return { title: "", panels: [], problems: value === undefined || value === null ? [] : [`the layout is ${quoted(value)}, not an object`], raw: {}, unread: [] };
  const problems: string[] = [];
  const items: readonly unknown[] = Array.isArray(raw.panels) ? raw.panels : [];
  if (raw.panels !== undefined && !Array.isArray(raw.panels)) problems.push("the layout's panels are not a list");
  const panels = new Map<string, Panel>();
  const unread: unknown[] = [];
  let over = 0;
  items.forEach((item, i) => {
    const panel = readPanel(item);
    const why = typeof panel === "string" ? panel : panels.has(panel.id) ? `its id ${quoted(panel.id)} is there twice` : null;
    if (why === null && typeof panel !== "string" && panels.size < MAX_PANELS) {
      panels.set(panel.id, panel);
      return;
    }
    unread.push(item);
    if (why === null) over += 1;
    else if (problems.length < SAID) problems.push(`panel ${i + 1} can't be shown: ${why}`);
  });
  if (over > 0) problems.push(`${over} more panels are not shown: a dashboard has room for ${MAX_PANELS}`);
  const title = typeof raw.title === "string" ? raw.title.slice(0, MAX_TITLE_CHARS) : "";
  return { title, panels: settled([...panels.values()]), problems, raw, unread };
}

function readPanel(item: unknown): Panel | string {
  const raw = asRecord(item);
  if (!raw) return "it is not an object";
  const { id } = raw;
  if (typeof id !== "string" || id === "" || id.length > MAX_ID_CHARS) return `its id is ${quoted(id)}, not a text of 1 to ${MAX_ID_CHARS} characters`;
  const place = { ...DEFAULT_PLACE };
  for (const name of ["x", "y", "w", "h"] as const) {
    const given = raw[name] ?? place[name];
    if (typeof given !== "number") return `its ${name} is ${quoted(given)}, not a number`;
    place[name] = Math.round(Math.min(AT_THE_END, Math.max(-AT_THE_END, given))) || 0;
  }
  return { id, ...place, spec: raw.spec, raw };
}

/** The value that says this layout. */
export function writtenLayout({ raw, panels, unread }: Layout): Json {
  return { ...raw, panels: [...panels.map(({ raw: panel, id, x, y, w, h }) => ({ ...panel, id, x, y, w, h })), ...unread] };
}

/** The session of a layout's channel: "morning" of "value:morning/dashboard". */
export function sessionOf(channel: string): string {
  return channel.slice(channel.indexOf(":") + 1, Math.max(0, channel.lastIndexOf("/")));
}

/**
 * Why a panel may not be shown; null when it may. A panel is what any editor says, and acts with the rights of who
 * looks at it: it may show and call what is of the session, and nothing else.
 */
export function outsideOf(session: string, spec: unknown): string | null {
  const { kind, channels, options } = asRecord(spec) ?? {};
  if (kind === "dashboard") return "a dashboard can't be a panel of a dashboard";
  for (const channel of Object.values(asRecord(channels) ?? {})) {
    if (typeof channel === "string" && !shortName(channel).startsWith(`${session}/`)) return `${quoted(channel)} is not of this session`;
  }
  const command = asRecord(options)?.command;
  if (typeof command === "string" && !command.startsWith(`${session}/`)) return `the command ${quoted(command)} is not of this session`;
  return null;
}

/** What a panel is called where people choose among panels. */
export function panelTitle(spec: unknown): string {
  const { kind, channels, options } = asRecord(spec) ?? {};
  const { title, column, command } = asRecord(options) ?? {};
  for (const name of [title, column]) if (typeof name === "string" && name !== "") return name;
  if (typeof command === "string" && command !== "") return command.slice(command.lastIndexOf("/") + 1);
  const channel = Object.values(asRecord(channels) ?? {}).find((name) => typeof name === "string");
  if (typeof channel === "string") return channel.slice(Math.max(channel.indexOf(":"), channel.lastIndexOf("/")) + 1);
  return typeof kind === "string" ? kind : "panel";
}
