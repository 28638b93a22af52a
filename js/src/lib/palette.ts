// The colours of series: eight that stay apart for every common kind of colour vision, then the same ones dashed.

import { resolvedColor } from "./theme.ts";

const COLORS = 8;

export interface SeriesStyle {
  /** A CSS colour that follows the theme. */
  readonly css: string;
  /** The same for a canvas, as it is now. */
  readonly canvas: string;
  readonly dashed: boolean;
}

/** Styles of the first `count` series under the root's theme. */
export function seriesStyles(root: HTMLElement, count: number): SeriesStyle[] {
  const resolved = new Map<string, string>();
  return Array.from({ length: count }, (_, i) => {
    const variable = `--rtw-series-${(i % COLORS) + 1}`;
    let canvas = resolved.get(variable);
    if (canvas === undefined) {
      canvas = resolvedColor(root, variable);
      resolved.set(variable, canvas);
    }
    return { css: `var(${variable})`, canvas, dashed: i >= COLORS };
  });
}

/** The colour of a user, as one of the palette's variables. */
export type ColorOf = (user: string) => string;

/**
 * The colours of users who are present at once: apart while there are colours, and the same wherever the same users
 * are. Each has the one of their name; where several have the same, the first of them keeps it, and the others move on
 * to one that is free. Who is not present has the one of their name. `colors_of` in rtwidgets/client/colors.py is the same.
 */
export function colorsOf(present: Iterable<string>): ColorOf {
  const users = [...new Set(present)].sort();
  const places = new Map<string, number>();
  const used = new Array<number>(COLORS).fill(0);
  const take = (user: string, place: number) => {
    places.set(user, place);
    used[place] = (used[place] ?? 0) + 1;
  };
  for (const user of users) if (used[placeOf(user)] === 0) take(user, placeOf(user));
  for (const user of users) {
    if (places.has(user)) continue;
    const fewest = Math.min(...used);
    let place = placeOf(user);
    while (used[place] !== fewest) place = (place + 1) % COLORS;
    take(user, place);
  }
  return (user) => `var(--rtw-series-${(places.get(user) ?? placeOf(user)) + 1})`;
}

/** The place of a name in the palette, always the same. Source: FNV-1a, 32 bits. */
function placeOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const unit of name) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) % COLORS;
}
