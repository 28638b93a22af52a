// What somebody has put into a form, as the arguments of a call; checked by what the command says of them.

import { firstEntry, type Bounds, type Control, type Entry, type Field } from "./form_fields.ts";

/** What a field's entry means for a call: null where the command's own default is to be used. */
export type Reading = { readonly value: unknown } | { readonly fault: string } | null;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Read a field: a value, what is wrong with it, or null where the command's own default is to be used. */
export function readEntry(field: Field, entry: Entry): Reading {
  if (field.control === "checkbox") return { value: entry === true };
  const given = typeof entry === "string" ? entry : "";
  if (given.trim() === "") return readNothing(field, given);
  switch (field.control) {
    case "choice":
      return field.choices.length > Number(given) ? { value: field.choices[Number(given)] } : { fault: "choose one of the list" };
    case "list":
      return readList(field, given);
    case "json":
      return readJson(given);
    default:
      return readScalar(field, given);
  }
}

/** The arguments of a call, or what is wrong by the name of the field. */
export function readForm(fields: readonly Field[], entries: ReadonlyMap<string, Entry>): { args: Record<string, unknown> } | { faults: Map<string, string> } {
  const args: [string, unknown][] = [];
  const faults = new Map<string, string>();
  for (const field of fields) {
    const reading = readEntry(field, entries.get(field.name) ?? firstEntry(field));
    if (reading === null) continue;
    if ("fault" in reading) faults.set(field.name, reading.fault);
    else args.push([field.name, reading.value]);
  }
  // Also for a name such as "__proto__" it makes a property of its own.
  return faults.size > 0 ? { faults } : { args: Object.fromEntries(args) };
}

function readNothing(field: Field, given: string): Reading {
  if (field.control === "list" && field.required) return readList(field, "");
  if (field.required) return field.nullable ? { value: null } : { fault: "needed" };
  const { fallback } = field;
  const isDefault = fallback === undefined || fallback === null || fallback === "" || (Array.isArray(fallback) && fallback.length === 0);
  if (isDefault) return null;
  // It was filled in and somebody emptied it.
  if (field.nullable) return { value: null };
  if (field.control === "text") return readScalar(field, given);
  return field.control === "list" ? readList(field, "") : { fault: "needed; it can't be empty" };
}

function readList(field: Field, given: string): Reading {
  const lines = given.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const { shortest, longest } = field.bounds;
  if (shortest !== null && lines.length < shortest) return { fault: `at least ${plural(shortest, "line")}` };
  if (longest !== null && lines.length > longest) return { fault: `at most ${plural(longest, "line")}` };
  const values: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    const reading = readScalar(field.items, line);
    if ("fault" in reading) return { fault: `line ${index + 1}: ${reading.fault}` };
    values.push(reading.value);
  }
  return { value: values };
}

function readJson(given: string): Reading {
  try {
    return { value: JSON.parse(given) as unknown };
  } catch {
    return { fault: "must be JSON: texts stand in double quotes" };
  }
}

function readScalar({ control, bounds }: { readonly control: Control; readonly bounds: Bounds }, given: string): { value: unknown } | { fault: string } {
  switch (control) {
    case "integer":
    case "number":
      return readNumber(given.trim(), control === "integer", bounds);
    case "date":
      return isDate(given) ? { value: given } : { fault: "must be a date, such as 2026-11-25" };
    case "datetime": {
      // What the browser's field holds is local time; what is sent is the same moment everywhere.
      const moment = new Date(given);
      return Number.isNaN(moment.getTime()) ? { fault: "must be a date and a time" } : { value: moment.toISOString() };
    }
    case "time":
      return /^\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(given) ? { value: given.length === 5 ? `${given}:00` : given } : { fault: "must be a time, such as 14:30" };
    default:
      return readText(given, bounds);
  }
}

function readNumber(given: string, whole: boolean, { min, max, above, below }: Bounds): { value: number } | { fault: string } {
  // A comma is a thousand's to some and a decimal's to others: nobody's number is guessed.
  if (given.includes(",")) return { fault: "write numbers without commas, such as 1000.5" };
  const value = NUMBER.test(given) ? Number(given) : Number.NaN;
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value))) return { fault: whole ? "must be a whole number" : "must be a number" };
  if (whole && !Number.isSafeInteger(value)) return { fault: "too large for a browser's numbers" };
  if (min !== null && value < min) return { fault: `at least ${min}` };
  if (max !== null && value > max) return { fault: `at most ${max}` };
  if (above !== null && value <= above) return { fault: `more than ${above}` };
  if (below !== null && value >= below) return { fault: `less than ${below}` };
  return { value };
}

function readText(given: string, { shortest, longest }: Bounds): { value: string } | { fault: string } {
  const length = [...given].length;
  if (shortest !== null && length < shortest) return { fault: `at least ${plural(shortest, "character")}` };
  if (longest !== null && length > longest) return { fault: `at most ${plural(longest, "character")}` };
  return { value: given };
}

function isDate(given: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(given) && !Number.isNaN(Date.parse(given));
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
