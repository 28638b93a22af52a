// uPlot, dressed: axes, grid and lines in the theme's colours.

import uPlot from "uplot";
import { formatTicks } from "./format.ts";
import type { Line } from "./decimate.ts";
import { resolvedColor } from "./theme.ts";
import { evenTicks, TIME_STEPS_MS, timeLabels, timeTicks } from "./ticks.ts";

export interface PlotLine {
  readonly color: string;
  readonly dashed: boolean;
  readonly shown: boolean;
}

export interface PlotOptions {
  readonly width: number;
  readonly height: number;
  readonly time: boolean;
  readonly area: boolean;
  readonly lines: readonly PlotLine[];
  /** Hear where the pointer is, in x and in pixels from the plot's left edge; null when it left. */
  readonly onPointer: (at: { x: number; left: number; top: number } | null) => void;
}

export interface Plotter {
  readonly plotWidth: number;
  /** Left edge of the plotting area inside the element. */
  readonly plotLeft: number;
  draw(xs: number[], lines: Line[], from: number, to: number): void;
  /** Put the pointer at this x, as if a mouse were there; null takes it away. */
  point(x: number | null): void;
  resize(width: number, height: number): void;
  destroy(): void;
}

const AXIS_FONT_PX = 11;
const EDGE_LABEL_PX = 18;

/** Put a plot into the element. Series and colours are fixed: make another when they change. */
export function makePlot(root: HTMLElement, target: HTMLElement, options: PlotOptions): Plotter {
  const color = (name: string) => resolvedColor(root, name);
  const [text, grid, surface, accent] = ["--rtw-muted", "--rtw-line-soft", "--rtw-surface", "--rtw-faint"].map(color) as [string, string, string, string];
  const font = `${AXIS_FONT_PX}px ${getComputedStyle(root).fontFamily}`;
  let range: [number, number] = [0, 1];
  let destroyed = false;

  const axis = { stroke: text, font, ticks: { show: false }, border: { show: false }, gap: 6 };
  const numberAxis: uPlot.Axis = { splits: (_u, _axis, from, to, step) => evenTicks(from, to, step), values: (_u, splits) => formatTicks(splits) };
  const timeAxis: uPlot.Axis = {
    incrs: [...TIME_STEPS_MS],
    splits: (_u, _axis, from, to, step) => timeTicks(from, to, step),
    values: (u, splits, _axis, _space, step) => {
      const labels = timeLabels(splits, step, Date.now());
      // A label that would be cut off at the edge is left out.
      return splits.map((at, i) => (u.valToPos(at, "x") > u.bbox.width / uPlot.pxRatio - EDGE_LABEL_PX ? "" : (labels[i] ?? "")));
    },
  };
  const chart = new uPlot(
    {
      width: options.width,
      height: options.height,
      // Lines may not be clipped at the top, labels not at the right end.
      padding: [8, 14, 0, 0],
      legend: { show: false },
      scales: { x: { time: false, range: () => range }, y: { range: valueRange } },
      axes: [
        { ...axis, ...(options.time ? timeAxis : numberAxis), grid: { show: false }, size: 26, space: 84 },
        {
          ...axis,
          ...numberAxis,
          grid: { stroke: grid, width: 1 },
          space: 36,
          size: (u, values) => axisWidth(u.ctx, font, values),
        },
      ],
      series: [
        {},
        ...options.lines.map((line): uPlot.Series => ({
          show: line.shown,
          stroke: line.color,
          width: 1.5,
          cap: "round",
          ...(line.dashed ? { dash: [5, 4] } : {}),
          ...(options.area ? { fill: withAlpha(line.color, 0.14), fillTo: 0 } : {}),
          points: { show: (u, _series, first, last) => last - first < u.width / 24, size: 4, fill: line.color, width: 0 },
        })),
      ],
      cursor: {
        x: true,
        y: false,
        drag: { x: false, y: false, setScale: false },
        points: { size: 8, width: 2, stroke: surface, fill: (_u, i) => options.lines[i - 1]?.color ?? accent },
      },
      hooks: {
        setCursor: [
          (u) => {
            const left = u.cursor.left ?? -1;
            const top = u.cursor.top ?? 0;
            if (!destroyed) options.onPointer(left < 0 ? null : { x: u.posToVal(left, "x"), left, top });
          },
        ],
      },
    },
    [[], ...options.lines.map(() => [])],
    target,
  );
  return {
    get plotWidth() {
      return Math.max(1, chart.bbox.width / uPlot.pxRatio);
    },
    get plotLeft() {
      return chart.bbox.left / uPlot.pxRatio;
    },
    draw(xs, lines, from, to) {
      range = [from, to];
      chart.setData([xs, ...lines]);
    },
    point(x) {
      chart.setCursor(x === null ? { left: -10, top: -10 } : { left: chart.valToPos(x, "x"), top: chart.bbox.height / uPlot.pxRatio / 2 });
    },
    resize(width, height) {
      chart.setSize({ width, height });
    },
    destroy() {
      destroyed = true;
      chart.destroy();
    },
  };
}

/** Values with some room around them; zero is included when it is near. */
function valueRange(_u: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  if (low === high) {
    const room = Math.abs(low) * 0.05 || 1;
    return [low - room, high + room];
  }
  const edge = { pad: 0.08, soft: 0, mode: 3 as const };
  return uPlot.rangeNum(low, high, { min: edge, max: edge });
}

function axisWidth(context: CanvasRenderingContext2D, font: string, values: readonly string[] | null): number {
  if (!values?.length) return 44;
  // uPlot sets a font scaled for the screen's pixels; measure with the plain one.
  const before = context.font;
  context.font = font;
  const widest = values.reduce((most, value) => Math.max(most, context.measureText(value ?? "").width), 0);
  context.font = before;
  // In steps, so that the plot does not shift with each digit.
  return Math.ceil((widest + 18) / 8) * 8;
}

function withAlpha(color: string, alpha: number): string {
  return color.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}
