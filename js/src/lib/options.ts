// Reading a widget's spec: plain JSON that may come from a saved notebook, a peer or a newer release.
//
// Nothing here throws. What can't be used becomes a sentence that the widget shows.

import { cut } from "./cut.ts";
import type { Saved } from "./saved.ts";

/** Reads one option; `given` is undefined when the spec does not name it. */
export type Reader<T> = (given: unknown) => T | Unusable;

/** Why an option can't be used, in words that follow "option 'x' "; `instead` is what can be used of it. */
export class Unusable {
  constructor(
    readonly why: string,
    readonly instead?: unknown,
  ) {}
}

export type Readers<T> = { readonly [K in keyof T]: Reader<T[K]> };

export interface Spec<T> {
  readonly hub: string;
  /** Channel names by role. */
  readonly channels: ReadonlyMap<string, string>;
  readonly options: T;
  /** What is wrong but leaves the widget usable. */
  readonly problems: readonly string[];
  /** What an earlier page kept, to show until the hub is there. */
  readonly saved: Saved | null;
}

/** A spec that can't be shown at all. */
export interface BadSpec {
  readonly fault: string;
}

export function text(fallback: string): Reader<string> {
  return (given) =>
    given === undefined || given === null ? fallback : typeof given === "string" ? given : new Unusable("must be text");
}

export function number(fallback: number): Reader<number> {
  return (given) =>
    given === undefined || given === null
      ? fallback
      : typeof given === "number" && Number.isFinite(given)
        ? given
        : new Unusable("must be a finite number");
}

export function numberOrNull(): Reader<number | null> {
  return (given) => (given === undefined || given === null ? null : number(0)(given));
}

function from<T extends number | null>(read: Reader<T>, least: number, most: number, said: string): Reader<T> {
  return (given) => {
    const value = read(given);
    return value === null || value instanceof Unusable || (value >= least && value <= most) ? value : new Unusable(`must be ${said}`);
  };
}

// The bounds of options are those of widgets/options.py: a page would throw, hang or show nothing beyond them.

/** A height in pixels. */
export const height = (fallback: number): Reader<number> => from(number(fallback), 60, 4000, "from 60 to 4000 pixels");

/** How far back in milliseconds; null is without end. */
export const windowMs = (): Reader<number | null> => from(numberOrNull(), 100, Number.MAX_SAFE_INTEGER, "at least 100 ms");

/** Updates a second; null takes as many as a page draws. */
export const maxHz = (): Reader<number | null> => from(numberOrNull(), 0.01, 1000, "from 0.01 to 1000");

/** How long a command may take, in milliseconds. */
export const timeoutMs = (fallback: number): Reader<number> => from(number(fallback), 1, 3_600_000, "from 1 ms to an hour");

/** The way between two values. */
export const step = <T extends number | null>(read: Reader<T>): Reader<T> => from(read, Number.MIN_VALUE, Number.MAX_VALUE, "above 0");

/** How many decimals; null shows as many as read well. */
export function digits(): Reader<number | null> {
  const read = from(numberOrNull(), 0, 10, "a whole number from 0 to 10");
  return (given) => (typeof given === "number" && !Number.isInteger(given) ? new Unusable("must be a whole number from 0 to 10") : read(given));
}

/** A list of which a page shows so many items, the first ones. */
export function atMost<T extends readonly unknown[] | null>(most: number, read: Reader<T>): Reader<T> {
  return (given) => {
    const list = read(given);
    if (list === null || list instanceof Unusable || list.length <= most) return list;
    return new Unusable(`has ${list.length} items; the first ${most} are shown`, list.slice(0, most));
  };
}

export function flag(fallback: boolean): Reader<boolean> {
  return (given) =>
    given === undefined || given === null ? fallback : typeof given === "boolean" ? given : new Unusable("must be true or false");
}

export function oneOf<const T extends string>(choices: readonly T[], fallback: T): Reader<T> {
  return (given) =>
    given === undefined || given === null
      ? fallback
      : (choices.find((choice) => choice === given) ?? new Unusable(`must be one of ${choices.join(", ")}`));
}

/** Names of columns, of which a table has at most so many. */
export function textsOrNull(): Reader<readonly string[] | null> {
  return atMost(256, (given) =>
    given === undefined || given === null
      ? null
      : Array.isArray(given) && given.every((item) => typeof item === "string")
        ? (given as string[])
        : new Unusable("must be a list of names"),
  );
}

/** Any JSON object. */
export function record(): Reader<Readonly<Record<string, unknown>>> {
  return (given) => (given === undefined || given === null ? {} : (asRecord(given) ?? new Unusable("must be an object")));
}

/** Read the spec of a widget of this kind that needs these channels. */
export function readSpec<T>(
  raw: unknown,
  kind: string,
  roles: readonly string[],
  readers: Readers<T>,
  saved: Saved | null = null,
): Spec<T> | BadSpec {
  const spec = asRecord(raw);
  if (!spec) return { fault: "this widget has no spec; run the cell again" };
  if (spec.kind !== kind) return { fault: `this is the front end of '${kind}', not of ${quoted(spec.kind)}` };
  if (typeof spec.hub !== "string" || spec.hub === "") return { fault: "the spec names no hub" };
  const given = asRecord(spec.channels) ?? {};
  const channels = new Map<string, string>();
  for (const role of roles) {
    const name = given[role];
    if (typeof name !== "string") return { fault: `the spec names no channel for '${role}'` };
    channels.set(role, name);
  }
  const { options, problems } = readOptions(asRecord(spec.options) ?? {}, readers);
  return { hub: spec.hub, channels, options, problems, saved };
}

function readOptions<T>(given: Record<string, unknown>, readers: Readers<T>): { options: T; problems: string[] } {
  const problems: string[] = [];
  const entries = Object.entries(readers) as [keyof T & string, Reader<unknown>][];
  const known = new Set<string>(entries.map(([name]) => name));
  for (const name of Object.keys(given)) {
    if (!known.has(name)) problems.push(`option ${quoted(name)} is not known; there are ${[...known].join(", ")}`);
  }
  const options: Partial<Record<string, unknown>> = {};
  for (const [name, read] of entries) {
    let value = read(given[name]);
    if (value instanceof Unusable) {
      const { why, instead } = value;
      problems.push(`option '${name}' ${why}${instead === undefined ? `, not ${quoted(given[name])}` : ""}`);
      value = instead ?? read(undefined);
    }
    options[name] = value;
  }
  return { options: options as T, problems };
}

/** The value when it is a JSON object. */
export function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

/** A value as a message shows it. */
export function quoted(value: unknown): string {
  const shown = typeof value === "string" ? `'${value}'` : (JSON.stringify(value) ?? "nothing");
  return cut(shown, 60);
}
