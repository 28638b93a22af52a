// What can be chosen from: values with labels, from a widget's spec.

import { sameJson } from "../feeds/same.ts";
import { atMost, Unusable, type Reader } from "./options.ts";

export interface Choice {
  readonly label: string;
  readonly value: unknown;
}

/** As in widgets/select.py. */
const MAX_CHOICES = 500;

/** Read a list of `{label, value}`. */
export function choices(): Reader<readonly Choice[]> {
  return atMost(MAX_CHOICES, (given) => {
    if (given === undefined || given === null) return [];
    if (!Array.isArray(given) || !given.every(isChoice)) return new Unusable("must be a list of choices, each with label and value");
    return given.map(({ label, value }) => ({ label, value }));
  });
}

/** Where a value is among the choices; -1 where it is none of them. */
export function indexOf(list: readonly Choice[], value: unknown): number {
  return list.findIndex((choice) => sameJson(choice.value, value));
}

/** Whether a list of values has this one. */
export function has(values: readonly unknown[], value: unknown): boolean {
  return values.some((one) => sameJson(one, value));
}

function isChoice(given: unknown): given is Choice {
  return typeof given === "object" && given !== null && typeof (given as Partial<Choice>).label === "string" && "value" in given;
}
