// What a command takes, as fields of a form: read from a JSON schema that a peer wrote.
//
// Nothing here throws. What a schema says that no field can show becomes a field for JSON.

import { isObject, type JsonObject } from "../feeds/columns.ts";
import { textOf } from "./cells.ts";
import { MAX_TYPED } from "./cut.ts";

export type Scalar = "text" | "integer" | "number" | "date" | "datetime" | "time";

/** How a field is filled in. */
export type Control = Scalar | "checkbox" | "choice" | "list" | "json";

export interface Field {
  readonly name: string;
  /** What people read. */
  readonly label: string;
  readonly help: string;
  readonly required: boolean;
  readonly control: Control;
  /** Of a choice: what it stands for. */
  readonly choices: readonly unknown[];
  /** Of a list: what each line is. */
  readonly items: Bounded;
  /** Whether nothing is a value of its own. */
  readonly nullable: boolean;
  readonly bounds: Bounds;
  /** The value that is used when none is given; undefined where there is none or nobody knows it. */
  readonly fallback: unknown;
}

interface Bounded {
  readonly control: Scalar;
  readonly bounds: Bounds;
}

/** What a schema allows; null for no bound. */
export interface Bounds {
  readonly min: number | null;
  readonly max: number | null;
  readonly above: number | null;
  readonly below: number | null;
  readonly shortest: number | null;
  readonly longest: number | null;
}

/** What is in a field: a text, or whether it is ticked. Of a choice the index of the chosen one, as text. */
export type Entry = string | boolean;

export interface FormSchema {
  readonly fields: readonly Field[];
  readonly help: string;
}

const MAX_FIELDS = 100;
const MAX_CHOICES = 1000;
const NO_BOUNDS: Bounds = { min: null, max: null, above: null, below: null, shortest: null, longest: null };
const FORMATS: ReadonlyMap<unknown, Scalar> = new Map<unknown, Scalar>([["date", "date"], ["date-time", "datetime"], ["time", "time"]]);

/** The fields of a command's schema. */
export function readFormSchema(schema: unknown): FormSchema {
  const whole = asRecord(schema);
  const required = new Set(Array.isArray(whole.required) ? whole.required : []);
  const entries = Object.entries(asRecord(whole.properties)).slice(0, MAX_FIELDS);
  return { fields: entries.map(([name, given]) => fieldOf(name, asRecord(given), required.has(name))), help: text(whole.description) };
}

/** What a field shows before anybody has touched it. */
export function firstEntry(field: Field): Entry {
  const { control, fallback } = field;
  if (control === "checkbox") return fallback === true;
  if (fallback === undefined || fallback === null) return "";
  switch (control) {
    case "choice": {
      const index = field.choices.indexOf(fallback);
      return index < 0 ? "" : String(index);
    }
    case "list":
      return Array.isArray(fallback) ? fallback.map((item) => shown(item, field.items.control)).join("\n") : "";
    case "json":
      return JSON.stringify(fallback);
    default:
      return shown(fallback, control);
  }
}

function fieldOf(name: string, given: JsonObject, required: boolean): Field {
  const { schema, nullable } = withoutNull(given);
  const base = {
    name,
    label: labelOf(name),
    help: text(given.description) || text(schema.description),
    required,
    nullable,
    choices: [] as readonly unknown[],
    items: { control: "text", bounds: NO_BOUNDS } as Bounded,
    bounds: boundsOf(schema),
    // A field has no room for a longer one; who leaves it empty gets it.
    fallback: (JSON.stringify(given.default) ?? "").length > MAX_TYPED ? undefined : given.default,
  };
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return { ...base, control: "choice", choices: schema.enum.slice(0, MAX_CHOICES) };
  // Three answers need more than a tick.
  if (schema.type === "boolean") return nullable ? { ...base, control: "choice", choices: [true, false] } : { ...base, control: "checkbox" };
  const scalar = scalarOf(schema);
  if (scalar) return { ...base, control: scalar };
  const items = schema.type === "array" ? asRecord(schema.items) : null;
  const item = items ? scalarOf(items) : null;
  if (items && item) return { ...base, control: "list", items: { control: item, bounds: boundsOf(items) } };
  return { ...base, control: "json" };
}

function scalarOf(schema: JsonObject): Scalar | null {
  if (schema.type === "integer" || schema.type === "number") return schema.type;
  return schema.type === "string" ? (FORMATS.get(schema.format) ?? "text") : null;
}

/** The schema of what is not null, where a schema is that or null. */
function withoutNull(given: JsonObject): { schema: JsonObject; nullable: boolean } {
  if (!Array.isArray(given.anyOf)) return { schema: given, nullable: false };
  const choices = given.anyOf.map(asRecord);
  const rest = choices.filter(({ type }) => type !== "null");
  // Of several types none is shown: the field takes JSON.
  return { schema: rest.length === 1 && rest[0] ? rest[0] : {}, nullable: rest.length < choices.length };
}

function boundsOf(schema: JsonObject): Bounds {
  const bound = (name: string): number | null => {
    const value = schema[name];
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  };
  return {
    min: bound("minimum"),
    max: bound("maximum"),
    above: bound("exclusiveMinimum"),
    below: bound("exclusiveMaximum"),
    shortest: bound(schema.type === "array" ? "minItems" : "minLength"),
    longest: bound(schema.type === "array" ? "maxItems" : "maxLength"),
  };
}

function shown(value: unknown, control: Control): string {
  if (control === "datetime" && typeof value === "string") return localMoment(value);
  if (control === "time" && typeof value === "string") return value.slice(0, 8);
  return textOf(value);
}

/** A moment as the browser's field takes it: local time without a zone. */
function localMoment(given: string): string {
  const moment = new Date(given);
  // The last day there is may have no local time.
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return Number.isNaN(local.getTime()) ? "" : local.toISOString().slice(0, 16);
}

function labelOf(name: string): string {
  const words = name.replaceAll("_", " ").trim() || name;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function asRecord(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
