// A small line without axes, on a canvas.

import type { SortedRows } from "./rows.ts";
import { resolvedColor } from "./theme.ts";

/** What stands for the values of one pixel column: its smallest and largest, or their mean. */
export type SparkStyle = "extremes" | "mean";

/** Points of a line in a box; x and y alternate. */
export function sparkPoints(rows: SortedRows, spanMs: number, width: number, height: number, style: SparkStyle): number[] {
  const { columns, low, high } = pixelColumns(rows, spanMs, width, style);
  const scale = high > low ? height / (high - low) : 0;
  const yOf = (value: number) => (scale ? height - (value - low) * scale : height / 2);
  return columns.flatMap(({ at, least, most }) => (least === most ? [at, yOf(least)] : [at, yOf(least), at, yOf(most)]));
}

interface PixelColumn {
  readonly at: number;
  readonly least: number;
  readonly most: number;
}

function pixelColumns(rows: SortedRows, spanMs: number, width: number, style: SparkStyle) {
  const to = rows.lastX;
  const first = rows.indexFrom(to - spanMs);
  const from = Math.max(to - spanMs, rows.length ? rows.x(first) : to);
  const columns: PixelColumn[] = [];
  let [at, least, most, sum, count] = [-1, 0, 0, 0, 0];
  const flush = () => {
    if (!count) return;
    columns.push(style === "mean" ? { at, least: sum / count, most: sum / count } : { at, least, most });
  };
  for (let i = first; i < rows.length; i++) {
    const value = rows.y(0, i);
    const here = to > from ? Math.round(((rows.x(i) - from) / (to - from)) * width) : width;
    if (here === at) {
      least = Math.min(least, value);
      most = Math.max(most, value);
      sum += value;
      count += 1;
      continue;
    }
    flush();
    [at, least, most, sum, count] = [here, value, value, value, 1];
  }
  flush();
  const low = columns.reduce((lowest, column) => Math.min(lowest, column.least), Number.POSITIVE_INFINITY);
  const high = columns.reduce((highest, column) => Math.max(highest, column.most), Number.NEGATIVE_INFINITY);
  return { columns, low, high };
}

const MARGIN = 3;

/** Draw the rows of the last `spanMs`, with the end marked. */
export function drawSparkline(root: HTMLElement, canvas: HTMLCanvasElement, rows: SortedRows, spanMs: number, style: SparkStyle): void {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  if (!context || width < 20) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const points = sparkPoints(rows, spanMs, width - 2 * MARGIN, height - 2 * MARGIN, style);
  if (points.length < 4) return;
  context.translate(MARGIN, MARGIN);
  const color = resolvedColor(root, "--rtw-series-1");
  const line = new Path2D();
  for (let i = 0; i < points.length; i += 2) line.lineTo(points[i] as number, points[i + 1] as number);
  const lastX = points.at(-2) as number;
  const lastY = points.at(-1) as number;
  const fill = new Path2D(line);
  fill.lineTo(lastX, height);
  fill.lineTo(points[0] as number, height);
  context.fillStyle = color;
  context.globalAlpha = 0.1;
  context.fill(fill);
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.stroke(line);
  context.beginPath();
  context.arc(lastX, lastY, 2.5, 0, 2 * Math.PI);
  context.fill();
}
