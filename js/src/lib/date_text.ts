// Dates and moments: ISO 8601 on the wire, the browser's own form in a field.

import type { Parsed } from "./typed.ts";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** What a field shows for a date such as "2026-11-25"; null where the value is none. */
export function spellDate(value: unknown): string | null {
  if (value === null || value === undefined) return "";
  return typeof value === "string" && DATE.test(value) && !Number.isNaN(Date.parse(value)) ? value : null;
}

/**
 * What a field shows for a moment such as "2026-11-25T10:00:00Z", in the time of who looks; null where the value is
 * none, or says no zone: it would be another moment for each who looks.
 */
export function spellMoment(value: unknown): string | null {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string" || !MOMENT.test(value)) return null;
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return null;
  const day = `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  const seconds = at.getSeconds() > 0 ? `:${pad(at.getSeconds())}` : "";
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}${seconds}`;
}

/** The date that a field's text stands for; the field is empty while it is not complete. */
export function parseDate(text: string): Parsed {
  if (text === "") return { value: null };
  return isThisEra(text) ? { value: text } : { fault: "the year has four digits" };
}

/** The moment, in UTC. */
export function parseMoment(text: string): Parsed {
  if (text === "") return { value: null };
  const at = new Date(text);
  if (!isThisEra(text) || Number.isNaN(at.getTime())) return { fault: "the year has four digits" };
  return { value: at.toISOString().replace(".000Z", "Z") };
}

/** While a year is typed, field after field says 0002, 0020, 0202. */
function isThisEra(text: string): boolean {
  return /^[1-9]\d{3}-/.test(text);
}
