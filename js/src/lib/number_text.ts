// A number as somebody types it.

import { formatNumber } from "./format.ts";
import type { Parsed } from "./typed.ts";

/** What a number may be; null where an end is open. */
export interface NumberBounds {
  readonly min: number | null;
  readonly max: number | null;
}

/** The number that a text stands for; an empty one stands for no value. */
export function parseNumber(text: string, { min, max }: NumberBounds): Parsed {
  const plain = text.trim().replaceAll("\u2212", "-").replaceAll(/[\s_]/g, "");
  if (plain === "") return { value: null };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return { fault: "that is no number; write it as 1234.5" };
  const value = Number(plain);
  if (!Number.isFinite(value)) return { fault: "that number is too large" };
  if ((min !== null && value < min) || (max !== null && value > max)) return { fault: boundsSaid({ min, max }) };
  return { value };
}

/** The bounds in words. */
export function boundsSaid({ min, max }: NumberBounds): string {
  if (min !== null && max !== null) return `from ${spellNumber(min)} to ${spellNumber(max)}`;
  return min !== null ? `at least ${spellNumber(min)}` : max !== null ? `at most ${spellNumber(max)}` : "";
}

/** A number as a field shows it: without separators, so that it can be typed on. */
export function spellNumber(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(15))) : formatNumber(value);
}

/** The number a step away; steps count from the lower bound, or from 0. */
export function stepNumber(value: number | null, steps: number, step: number, { min, max }: NumberBounds): number {
  const low = min ?? Number.NEGATIVE_INFINITY;
  const high = max ?? Number.POSITIVE_INFINITY;
  if (value === null) return Math.min(high, Math.max(low, 0));
  const from = min ?? 0;
  const moved = from + Math.round((value - from) / step + steps) * step;
  return Number(Math.min(high, Math.max(low, moved)).toPrecision(12));
}
