// One view of a chart: plot, legend, readout, and when to draw them.

import { nextReading } from "./chart_reading.ts";
import { describeChart, lastValues } from "./chart_text.ts";
import type { ChartData, Group } from "./chart_data.ts";
import { plotRows } from "./decimate.ts";
import { cut } from "./cut.ts";
import { element, setProse, setText } from "./dom.ts";
import { formatClock, formatNumber, formatSpan } from "./format.ts";
import { drawFrames } from "./frames.ts";
import { ownKeys, readingKey } from "./keys.ts";
import { makeLegend, type LegendItem } from "./legend.ts";
import { seriesStyles } from "./palette.ts";
import { makePlot, type Plotter } from "./plot.ts";
import { makeReadout } from "./readout.ts";
import type { Redraws } from "./redraws.ts";

export interface ChartViewOptions {
  readonly title: string;
  readonly data: ChartData;
  readonly redraws: Redraws;
  readonly area: boolean;
  readonly height: number;
  /** Told what is wrong with the data, or "". */
  readonly notice: (text: string) => void;
  /** What to say before there is data. */
  readonly waiting: () => string;
  /** The page's time, or the time of what is shown where it stands still. */
  readonly now: () => number;
}

/** A line of the chart: one y column of one group. */
interface DrawnLine extends LegendItem {
  readonly group: Group;
  readonly column: number;
  readonly canvas: string;
}

const SUMMARY_EVERY_MS = 5000;
/** A line is called by somebody's data. */
const MAX_NAME = 200;

/** Build the view into `body`; returns what to call when the theme changed. */
export function chartView(root: HTMLElement, body: HTMLElement, options: ChartViewOptions, signal: AbortSignal): () => void {
  const { data } = options;
  const legend = makeLegend(() => rebuild(), signal);
  const readout = makeReadout();
  const empty = element("div", { class: "rtw-empty", text: options.waiting() });
  const surface = element("div", { class: "rtw-chart__surface", role: "img", label: `${options.title}: chart without data` });
  surface.tabIndex = 0;
  const spoken = element("span", { class: "rtw-unseen", role: "status" });
  const area = element("div", { class: "rtw-chart__area" }, surface, empty, readout.root, spoken);
  area.style.setProperty("--rtw-height", `${options.height}px`);
  body.append(legend.root, area);

  let plot: Plotter | null = null;
  let lines: DrawnLine[] = [];
  let layout = -1;
  let summaryMs = 0;
  let pointer: { x: number; left: number; top: number } | null = null;
  /** Where the arrow keys have gone. */
  let reading: number | null = null;

  const shown = () => lines.filter((line) => !legend.hidden.has(line.key));

  const build = () => {
    layout = data.layout;
    lines = linesOf(root, data);
    legend.set(lines.length > 1 || data.unshown ? lines : [], data.unshown);
    plot?.destroy();
    plot = null;
    readout.hide();
    pointer = null;
    reading = null;
    if (!data.choice || !lines.length || surface.clientWidth < 40) return;
    plot = makePlot(root, surface, {
      width: surface.clientWidth,
      height: surface.clientHeight,
      time: data.choice.time,
      area: options.area,
      lines: lines.map((line) => ({ color: line.canvas, dashed: line.dashed, shown: !legend.hidden.has(line.key) })),
      onPointer: (at) => {
        pointer = at;
        showReadout();
      },
    });
  };
  const rebuild = () => {
    layout = -1;
    frames.request();
  };

  const showReadout = () => {
    if (!pointer || !plot || !data.choice) return readout.hide();
    const { left, top } = pointer;
    // What is read is a value's own place: the pixel there stands for its neighbours, too.
    const x = reading ?? pointer.x;
    const near = shown().map((line) => ({ line, index: line.group.rows.indexNear(x) }));
    const found = near.filter(({ index }) => index >= 0);
    const rows = found.map(({ line, index }) => {
      const value = line.group.rows.y(line.column, index);
      return { name: line.name || data.choice?.y[0] || "", color: line.color, value: Number.isNaN(value) ? "–" : formatNumber(value) };
    });
    if (!rows.length) return readout.hide();
    const at = found.reduce((best, { line, index }) => {
      const here = line.group.rows.x(index);
      return Math.abs(here - x) < Math.abs(best - x) ? here : best;
    }, Number.POSITIVE_INFINITY);
    const heading = data.choice.time ? formatClock(at, data.options.windowMs && data.options.windowMs < 60_000 ? "ms" : "second") : formatNumber(at);
    readout.show(heading, rows, plot.plotLeft + left, top);
    if (reading !== null) setProse(spoken, `${heading}: ${rows.map(({ name, value }) => `${name} ${value}`).join(", ")}`);
  };

  const read = (key: string): void => {
    const range = data.range(Date.now());
    if (!plot || !range) return;
    reading = nextReading(key, shown().map(({ group }) => group.rows), reading, range, (range[1] - range[0]) / plot.plotWidth);
    plot.point(reading);
  };
  const stopReading = () => {
    if (reading === null) return;
    reading = null;
    setText(spoken, "");
    plot?.point(null);
  };
  ownKeys(surface, readingKey, signal);
  surface.addEventListener(
    "keydown",
    (event) => {
      if (!readingKey(event)) return;
      event.preventDefault();
      if (event.key === "Escape") stopReading();
      else read(event.key);
    },
    { signal },
  );
  surface.addEventListener("blur", stopReading, { signal });
  surface.addEventListener("pointermove", () => (reading = null), { signal });

  const draw = () => {
    options.notice(data.fault);
    if (data.layout !== layout || !plot) build();
    const nowMs = options.now();
    const range = data.range(nowMs);
    const { windowMs } = data.options;
    const newest = Math.max(...[...data.groups.values()].map(({ rows }) => rows.lastX));
    const nothing = !range || newest < range[0];
    empty.hidden = !nothing;
    // What is wrong is said below.
    if (nothing) setText(empty, data.fault ? "" : range && windowMs ? `no data in the last ${formatSpan(windowMs)}` : options.waiting());
    if (!plot || !range || !data.choice) return;
    const { xs, lines: drawn } = plotRows([...data.groups.values()], data.choice.y.length, range[0], range[1], plot.plotWidth);
    plot.draw(xs, drawn, range[0], range[1]);
    // The plot moves on under what is read with the keys, and for what lies under the mouse other values come.
    if (reading !== null && reading < range[0]) reading = null;
    if (reading !== null) plot.point(reading);
    else if (pointer) showReadout();
    legend.values(lastValues(lines));
    if (nowMs - summaryMs > SUMMARY_EVERY_MS) {
      summaryMs = nowMs;
      surface.setAttribute("aria-label", describeChart(options.title, lines, data, range));
    }
    // The window moves without data: draw again when it has moved half a pixel.
    if (data.choice.time && windowMs) frames.requestIn(Math.max(30, windowMs / plot.plotWidth / 2));
  };
  const frames = drawFrames(area, draw, signal);
  options.redraws.add(frames.request, signal);

  const observer = new ResizeObserver(() => {
    const width = surface.clientWidth;
    if (plot && width >= 40) plot.resize(width, surface.clientHeight);
    frames.request();
  });
  observer.observe(surface);
  signal.addEventListener(
    "abort",
    () => {
      observer.disconnect();
      plot?.destroy();
    },
    { once: true },
  );
  return rebuild;
}

function linesOf(root: HTMLElement, data: ChartData): DrawnLine[] {
  const columns = data.choice?.y ?? [];
  const groups = [...data.groups.values()];
  const slots = groups.reduce((most, { slot }) => Math.max(most, slot + 1), 0);
  const styles = seriesStyles(root, slots * columns.length);
  return groups.flatMap((group) =>
    columns.map((column, k) => {
      const style = styles[group.slot * columns.length + k] ?? { css: "", canvas: "", dashed: false };
      const name = data.choice?.by === null ? column : columns.length > 1 ? `${group.name} · ${column}` : group.name;
      return { key: `${group.name}\n${column}`, name: cut(name, MAX_NAME), color: style.css, canvas: style.canvas, dashed: style.dashed, group, column: k };
    }),
  );
}
