// A chart in words: the legend's values, and a summary for who can't see it.

import type { ChartData, Group } from "./chart_data.ts";
import { decimalsFor, formatNumber, formatSpan } from "./format.ts";

export interface NamedLine {
  readonly name: string;
  readonly group: Group;
  readonly column: number;
}

/** The last value of each line, all with the same decimals. */
export function lastValues(lines: readonly NamedLine[]): string[] {
  const values = lines.map(({ group, column }) => lastOf(group, column));
  const decimals = decimalsFor(values.filter((value) => !Number.isNaN(value)));
  return values.map((value) => (Number.isNaN(value) ? "–" : formatNumber(value, decimals)));
}

function lastOf(group: Group, column: number): number {
  return group.rows.length ? group.rows.y(column, group.rows.length - 1) : Number.NaN;
}

/** What the chart shows, in sentences. */
export function describeChart(lines: readonly NamedLine[], data: ChartData, range: readonly [number, number]): string {
  const { windowMs } = data.options;
  const what = data.choice?.y.join(", ") ?? "";
  const by = data.choice?.by ? ` by ${data.choice.by}` : "";
  const over = data.choice?.time && windowMs ? ` over the last ${formatSpan(windowMs)}` : "";
  const parts = lines.map((line) => {
    const [low, high] = extremes(line, range[0]);
    if (Number.isNaN(low)) return `${line.name} has no values`;
    const last = lastOf(line.group, line.column);
    const now = Number.isNaN(last) ? "no last value" : `last ${formatNumber(last)}`;
    return `${line.name} ${now}, between ${formatNumber(low)} and ${formatNumber(high)}`;
  });
  const more = data.unshown ? ` ${data.unshown} more are not drawn.` : "";
  return `Line chart of ${what}${by}${over}. ${parts.join("; ")}.${more}`;
}

function extremes({ group: { rows }, column }: NamedLine, from: number): [number, number] {
  let low = Number.NaN;
  let high = Number.NaN;
  for (let i = rows.indexFrom(from); i < rows.length; i++) {
    const y = rows.y(column, i);
    if (Number.isNaN(y)) continue;
    low = y < low || Number.isNaN(low) ? y : low;
    high = y > high || Number.isNaN(high) ? y : high;
  }
  return [low, high];
}
