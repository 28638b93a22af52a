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

/** One of the palette's variables for a name, always the same. Source: FNV-1a, 32 bits. */
export function colorOfName(name: string): string {
  let hash = 0x811c9dc5;
  for (const unit of name) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  return `var(--rtw-series-${((hash >>> 0) % COLORS) + 1})`;
}
