// From rows to what a chart of so many pixels can show: one x for all lines, at most two points per pixel column.

import { divisible } from "./cells.ts";
import type { Group } from "./chart_data.ts";

/** Cells: a number, null where the line breaks, undefined where a line has no point at this x. */
export type Line = (number | null | undefined)[];

export interface Plot {
  readonly xs: number[];
  /** One per group and y column, in the order of the groups. */
  readonly lines: Line[];
}

/** Rows per pixel column up to which every row is drawn where it is. */
const EXACT_ROWS_PER_PX = 2;

/** Everything between two x (and the row on either side), for a plot this wide. */
export function plotRows(groups: readonly Group[], width: number, from: number, to: number, px: number): Plot {
  const spans = groups.map((group) => {
    const first = Math.max(0, group.rows.indexFrom(from) - 1);
    return { group, first, end: Math.min(group.rows.length, group.rows.indexAfter(to) + 1) };
  });
  const count = spans.reduce((sum, { first, end }) => sum + end - first, 0);
  const lines: Line[] = Array.from({ length: groups.length * width }, () => []);
  const positions = count <= px * EXACT_ROWS_PER_PX ? exactPositions(spans) : null;
  if (positions) {
    spans.forEach(({ group, first, end }, g) => fillExact(group, first, end, positions, lines.slice(g * width, (g + 1) * width)));
    return { xs: [...positions.keys()], lines: lines.map(widenGaps) };
  }
  // Powers of two on a fixed grid: buckets keep their rows while the window moves, so the line does not shimmer.
  const [left, right] = divisible(from, to);
  const size = 2 ** Math.floor(Math.log2((right - left) / px));
  const origin = Math.floor(left / size) - 1;
  const buckets = Math.ceil(right / size) - origin + 2;
  const xs = Array.from({ length: buckets * 2 }, (_, i) => (origin + i / 2) * size + size / 4);
  for (const line of lines) line.length = xs.length;
  spans.forEach(({ group, first, end }, g) => {
    const at = group.rows.xs(first, end);
    for (let k = 0; k < width; k++) fillBuckets(at, group.rows.ys(k, first, end), size, origin, lines[g * width + k] as Line);
  });
  return { xs, lines: lines.map(widenGaps) };
}

/** Between two breaks of a line there is no line either, even at an x where only other lines have a point. */
function widenGaps(line: Line): Line {
  let broken = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === undefined) line[i] = broken ? null : undefined;
    else broken = line[i] === null;
  }
  return line;
}

interface Span {
  readonly group: Group;
  readonly first: number;
  readonly end: number;
}

/** Every x of every group once, in order, with its place. */
function exactPositions(spans: readonly Span[]): Map<number, number> {
  const all: number[] = [];
  for (const { group, first, end } of spans) for (let i = first; i < end; i++) all.push(group.rows.x(i));
  const ordered = Float64Array.from(new Set(all)).sort();
  return new Map(Array.from(ordered, (x, at) => [x, at]));
}

function fillExact(group: Group, first: number, end: number, positions: Map<number, number>, lines: Line[]): void {
  lines.forEach((line, k) => {
    line.length = positions.size;
    for (let i = first; i < end; i++) {
      const y = group.rows.y(k, i);
      line[positions.get(group.rows.x(i)) as number] = Number.isNaN(y) ? null : y;
    }
  });
}

/** Smallest and largest value of each bucket, in the order they came. */
function fillBuckets(xs: Float64Array, ys: Float64Array, size: number, origin: number, line: Line): void {
  // The rows just outside may be far outside: they belong to the first and last bucket then.
  const last = line.length / 2 - 1;
  const end = xs.length;
  let i = 0;
  while (i < end) {
    const bucket = Math.min(last, Math.max(0, Math.floor((xs[i] as number) / size) - origin));
    const edge = bucket === last ? Number.POSITIVE_INFINITY : (origin + bucket + 1) * size;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let [lowAt, highAt] = [-1, -1];
    // A row at least, whatever the numbers are: this ends.
    do {
      const y = ys[i] as number;
      // NaN, a missing value, is neither.
      if (y < low) {
        low = y;
        lowAt = i;
      }
      if (y > high) {
        high = y;
        highAt = i;
      }
      i++;
    } while (i < end && (xs[i] as number) < edge);
    line[bucket * 2] = lowAt < 0 ? null : lowAt < highAt ? low : high;
    line[bucket * 2 + 1] = lowAt < 0 ? null : lowAt < highAt ? high : low;
  }
}
