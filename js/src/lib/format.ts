// Numbers, times and durations as people read them.

import { cut, MAX_LINE } from "./cut.ts";

export type NumberStyle = "number" | "compact" | "bytes";

const MINUS = "\u2212";
const MISSING = "\u2013";

const formatters = new Map<string, Intl.NumberFormat>();

function fixed(value: number, most: number, least = most): string {
  const name = `${least} ${most}`;
  let format = formatters.get(name);
  if (!format) {
    format = new Intl.NumberFormat("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
    formatters.set(name, format);
  }
  // Negative zero would read as a change that is not there.
  const shown = format.format(value);
  return shown.startsWith("-") ? (/[1-9]/.test(shown) ? MINUS + shown.slice(1) : shown.slice(1)) : shown;
}

/** How many decimals these values need, so that about `significant` digits of the largest are kept and no noise. */
export function decimalsFor(values: Iterable<number>, significant = 5): number {
  let largest = 0;
  let needed = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    largest = Math.max(largest, Math.abs(value));
    if (needed < 6) needed = Math.max(needed, decimalsOf(value));
  }
  if (needed === 0) return 0;
  const whole = largest < 1 ? -Math.floor(-Math.log10(largest || 1)) : Math.floor(Math.log10(largest)) + 1;
  return Math.max(0, Math.min(needed, significant - whole, 6));
}

function decimalsOf(value: number): number {
  if (Number.isInteger(value)) return 0;
  const shown = String(value);
  if (shown.includes("e")) return 6;
  return Math.min(6, shown.length - shown.indexOf(".") - 1);
}

/** A number with these decimals, or as many as it needs when null. Not-a-number and infinity are said, not hidden. */
export function formatNumber(value: number, decimals: number | null = null): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "\u221e" : `${MINUS}\u221e`;
  const size = Math.abs(value);
  if (size >= 1e15 || (size !== 0 && size < 1e-6)) return value.toExponential(3).replaceAll("-", MINUS);
  return decimals === null ? fixed(value, decimalsFor([value]), 0) : fixed(value, decimals);
}

const COMPACT: readonly [number, string][] = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
const BYTES: readonly [number, string][] = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];

/** A number in a style; `decimals` null means as many as read well. */
export function formatStyled(value: number, style: NumberStyle, decimals: number | null = null): string {
  if (style === "number" || !Number.isFinite(value)) return formatNumber(value, decimals);
  const steps = style === "bytes" ? BYTES : COMPACT;
  const step = steps.find(([size]) => Math.abs(value) >= size);
  if (!step) return style === "bytes" ? `${fixed(value, 0)} B` : formatNumber(value, decimals);
  const scaled = value / step[0];
  const digits = decimals ?? (Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2);
  return `${fixed(scaled, digits)}${style === "bytes" ? " " : ""}${step[1]}`;
}

/** Labels of an axis: one step size for all, so that they line up and do not repeat. */
export function formatTicks(ticks: readonly number[]): string[] {
  const largest = ticks.reduce((most, tick) => Math.max(most, Math.abs(tick)), 0);
  const step = largest >= 1e5 ? COMPACT.find(([size]) => largest >= size) : undefined;
  const scaled = ticks.map((tick) => tick / (step?.[0] ?? 1));
  // Steps such as 0.1 + 0.2 carry noise in the last place.
  const rounded = scaled.map((tick) => Number(tick.toPrecision(12)));
  const decimals = decimalsFor(rounded, 12);
  return rounded.map((tick) => (tick === 0 ? "0" : fixed(tick, decimals) + (step?.[1] ?? "")));
}

/** How long, in one unit: "0.2 s", "45 s", "3 min", "2 h", "5 d". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`;
  if (seconds < 84_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A span that somebody chose, without false decimals: "30 s", "5 min", "90 min", "2 h". */
export function formatSpan(ms: number): string {
  const units: [number, string][] = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1000, "s"]];
  for (const [size, unit] of units) {
    if (ms >= size && ms % size === 0) return `${ms / size} ${unit}`;
  }
  return ms < 1000 ? `${formatNumber(ms)} ms` : formatDuration(ms);
}

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** Time of day where the reader is. */
export function formatClock(ms: number, precision: "minute" | "second" | "ms" = "second"): string {
  const date = new Date(ms);
  const minute = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (precision === "minute") return minute;
  const second = `${minute}:${pad(date.getSeconds())}`;
  return precision === "second" ? second : `${second}.${pad(date.getMilliseconds(), 3)}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The day, as "23 Nov", with the year when it is not this one. */
export function formatDay(ms: number, nowMs: number): string {
  const date = new Date(ms);
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === new Date(nowMs).getFullYear() ? day : `${day} ${date.getFullYear()}`;
}

/** Whether a number is plausibly milliseconds since the Unix epoch (1973 to 5138). */
export function looksLikeTime(value: number): boolean {
  return value >= 1e11 && value < 1e14;
}

/** What is seen of lists and objects: each frame and each comparison of a sort asks for it. */
const nested = new WeakMap<object, string>();

/** Any JSON cell as text, as much of it as is seen. */
export function shortCell(value: unknown): string {
  if (typeof value !== "object" || value === null) return cut(formatCell(value), MAX_LINE);
  const known = nested.get(value);
  if (known !== undefined) return known;
  const text = cut(formatCell(value), MAX_LINE);
  nested.set(value, text);
  return text;
}

/** Any JSON cell as text. */
export function formatCell(value: unknown, decimals: number | null = null): string {
  if (value === null || value === undefined) return MISSING;
  if (typeof value === "number") return formatNumber(value, decimals);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return JSON.stringify(value);
}
