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

/** What the chart shows, in sentences: its name, and the last value, the way it went and the range of each line. */
export function describeChart(title: string, lines: readonly NamedLine[], data: ChartData, range: readonly [number, number]): string {
  const { windowMs } = data.options;
  const what = data.choice?.y.join(", ") ?? "";
  const by = data.choice?.by ? ` by ${data.choice.by}` : "";
  const over = data.choice?.time && windowMs ? ` over the last ${formatSpan(windowMs)}` : "";
  const parts = lines.map((line) => {
    const { low, high, first } = seen(line, range[0]);
    if (Number.isNaN(low)) return `${line.name} has no values`;
    const last = lastOf(line.group, line.column);
    const decimals = decimalsFor([low, high, first, last].filter((value) => !Number.isNaN(value)));
    const shown = (value: number) => formatNumber(value, decimals);
    const now = Number.isNaN(last) ? "no last value" : `last ${shown(last)}${wayOf(last - first, shown)}`;
    return `${line.name} ${now}, between ${shown(low)} and ${shown(high)}`;
  });
  const more = data.unshown ? ` ${data.unshown} more are not drawn.` : "";
  return `${title}: line chart of ${what}${by}${over}. ${parts.join("; ")}.${more}`;
}

function wayOf(change: number, shown: (value: number) => string): string {
  const size = shown(Math.abs(change));
  return Number(size.replaceAll(",", "")) === 0 ? ", unchanged" : `, ${change > 0 ? "up" : "down"} ${size}`;
}

/** The extremes and the first of the values from an x on; NaN where there are none. */
function seen({ group: { rows }, column }: NamedLine, from: number): { low: number; high: number; first: number } {
  let [low, high, first] = [Number.NaN, Number.NaN, Number.NaN];
  for (let i = rows.indexFrom(from); i < rows.length; i++) {
    const y = rows.y(column, i);
    if (Number.isNaN(y)) continue;
    if (Number.isNaN(first)) first = low = high = y;
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  return { low, high, first };
}
