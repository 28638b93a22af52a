// One view of a table: a sticky head, and rows that exist only while they are in sight.

import type { Key, Row } from "../connection/types.ts";
import { cellText, sampleOf, styleOfColumn, type ColumnStyle } from "./column_style.ts";
import { button, element, icon, setText } from "./dom.ts";
import { listKey, ownKeys } from "./keys.ts";
import type { RowOrder, Sort } from "./row_order.ts";
import { reachableRows, rowsInSight } from "./virtual_rows.ts";

export const ROW_HEIGHT_PX = 28;
const CELL_PADDING_PX = 28;
/** Padding, and the mark of the sorted column. */
const HEAD_PADDING_PX = 44;
const MAX_WIDTH_PX = 320;
const MAX_HEAD_PX = 200;
/** So many characters are as wide as a column gets. */
const MEASURED_CHARS = 100;
const FLASH_MS = 900;
/** A cell that changes in every frame glows on: to start its flash again each time would show nothing more. */
const RENEW_MS = 100;
const ASCENDING = "M8 13V3.5M4.5 7 8 3.5 11.5 7";
const DESCENDING = "M8 3v9.5M4.5 9 8 12.5 11.5 9";

export interface GridOptions {
  readonly rows: () => ReadonlyMap<Key, Row>;
  readonly order: () => RowOrder;
  readonly columns: () => readonly string[];
  /** The key column: its numbers are names. */
  readonly key: () => string | null;
  readonly onSort: (sort: Sort | null) => void;
  readonly onScroll: () => void;
  readonly label: string;
  readonly height: number;
}

export interface Grid {
  readonly root: HTMLElement;
  /** Draw; cells named by `changed` flash. */
  draw(changed: ReadonlyMap<Key, ReadonlySet<string>>): void;
}

interface DrawnRow {
  readonly root: HTMLElement;
  readonly cells: HTMLElement[];
}

export function makeGrid(options: GridOptions, signal: AbortSignal): Grid {
  const head = element("div", { class: "rtw-grid__head", role: "row" });
  const body = element("div", { class: "rtw-grid__rows", role: "rowgroup" });
  const root = element("div", { class: "rtw-grid", role: "table", label: options.label }, element("div", { class: "rtw-grid__top", role: "rowgroup" }, head), body);
  // Focusable, so that the keyboard can scroll it.
  root.tabIndex = 0;
  ownKeys(root, listKey, signal);
  root.style.setProperty("--rtw-height", `${options.height}px`);
  root.addEventListener("scroll", options.onScroll, { signal, passive: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  let columns: readonly string[] = [];
  let styles: ColumnStyle[] = [];
  let widths: number[] = [];
  /** The longest text seen in each column. */
  let longest: string[] = [];
  let styledRows = 0;
  /** Cells that were in sight while their column had no style: the sample of its rows may have none. */
  const unstyled = new Map<string, unknown>();
  let shownSort = "";
  const pool: DrawnRow[] = [];

  const buildHead = (sort: Sort | null) => {
    head.replaceChildren(
      ...columns.map((name, i) => {
        const sorted = sort?.column === name ? sort : null;
        const cell = element("div", { class: `rtw-grid__cell rtw-grid__cell--${styles[i]?.kind ?? "text"}`, role: "columnheader" });
        cell.setAttribute("aria-sort", sorted ? (sorted.descending ? "descending" : "ascending") : "none");
        // Numbers are mostly looked at from the largest.
        const largestFirst = styles[i]?.kind !== "text";
        const press = button({ class: "rtw-grid__sort" }, () => {
          options.onSort(sorted ? (sorted.descending === largestFirst ? { column: name, descending: !largestFirst } : null) : { column: name, descending: largestFirst });
        }, signal);
        press.title = name;
        press.append(element("span", { class: "rtw-grid__name", text: name }), ...(sorted ? [icon(sorted.descending ? DESCENDING : ASCENDING)] : []));
        cell.append(press);
        return cell;
      }),
    );
  };

  /** Make the columns as wide as what they hold. They only grow, so that the table does not twitch. */
  const layOut = () => {
    const measure = textMeasure(root);
    widths = columns.map((name, i) => {
      const cell = Math.min(MAX_WIDTH_PX, measure(longest[i] ?? "", 13, 400) + CELL_PADDING_PX);
      const heading = Math.min(MAX_HEAD_PX, measure(name, 12, 600) + HEAD_PADDING_PX);
      return Math.ceil(Math.max(cell, heading, widths[i] ?? 0));
    });
    root.style.setProperty("--columns", widths.map((width, i) => `minmax(${width}px, ${styles[i]?.kind === "text" ? width * 2 : width}fr)`).join(" "));
    root.style.setProperty("--wide", `${widths.reduce((sum, width) => sum + width, 0)}px`);
  };

  /** Look at the cells again when the columns or the amount of rows are others than before. */
  const restyle = (): boolean => {
    const now = options.columns();
    const size = options.rows().size;
    const same = now.length === columns.length && now.every((name, i) => name === columns[i]);
    if (same && (size === styledRows || (styledRows > 0 && size < styledRows * 2))) return false;
    const before = new Map(columns.map((name, i) => [name, { width: widths[i] ?? 0, longest: longest[i] ?? "" }]));
    columns = [...now];
    styledRows = size;
    // Once for all columns: of many rows it takes as long as all else.
    const sample = sampleOf(options.rows());
    styles = columns.map((name) => styleOfColumn(name, sample, name === options.key(), unstyled.get(name)));
    unstyled.clear();
    longest = columns.map((name, i) => longer(styles[i]?.longest ?? "", before.get(name)?.longest ?? ""));
    widths = columns.map((name) => before.get(name)?.width ?? 0);
    layOut();
    root.setAttribute("aria-colcount", String(columns.length));
    for (const row of pool) row.root.remove();
    pool.length = 0;
    return true;
  };

  /** Rows of the pool; never fewer than before, so that a row keeps its element while it scrolls by. */
  const fillPool = (needed: number): number => {
    while (pool.length < needed) {
      const cells = columns.map((_, c) => element("div", { class: `rtw-grid__cell rtw-grid__cell--${styles[c]?.kind ?? "text"}`, role: "cell" }));
      const row = { root: element("div", { class: "rtw-grid__row", role: "row" }, ...cells), cells };
      pool.push(row);
      body.append(row.root);
    }
    return pool.length;
  };

  const draw = (changed: ReadonlyMap<Key, ReadonlySet<string>>) => {
    const order = options.order();
    const restyled = restyle();
    const sort = order.sort ? `${order.sort.column}\n${order.sort.descending}` : "";
    if (restyled || sort !== shownSort) {
      shownSort = sort;
      buildHead(order.sort);
    }
    const rows = options.rows();
    const count = reachableRows(order.keys.length, ROW_HEIGHT_PX);
    body.style.height = `${count * ROW_HEIGHT_PX}px`;
    root.setAttribute("aria-rowcount", String(order.keys.length + 1));
    const { first, end } = rowsInSight(count, ROW_HEIGHT_PX, root.scrollTop, root.clientHeight || options.height);
    const nowMs = Date.now();
    const size = fillPool(end - first);
    const spare = new Set(pool);
    let outgrown = false;
    for (let index = first; index < end; index++) {
      const drawn = pool[index % size] as DrawnRow;
      spare.delete(drawn);
      const key = order.keys[index] as Key;
      const row = rows.get(key);
      const news = changed.get(key);
      drawn.root.hidden = false;
      drawn.root.style.transform = `translateY(${index * ROW_HEIGHT_PX}px)`;
      drawn.root.setAttribute("aria-rowindex", String(index + 2));
      columns.forEach((name, c) => {
        const cell = drawn.cells[c] as HTMLElement;
        const value = row?.get(name);
        const text = cellText(value, styles[c] as ColumnStyle, nowMs);
        if (cell.textContent === text) return;
        setText(cell, text);
        if (value !== null && value !== undefined && !styles[c]?.judged) unstyled.set(name, value);
        if (text.length > (longest[c]?.length ?? 0)) {
          longest[c] = text;
          outgrown = true;
        }
        if (news?.has(name) && !calm.matches) flash(cell, nowMs);
        else if (!news) settle(cell);
      });
    }
    if (unstyled.size > 0) {
      // The first cells of a column that was empty until now say how it looks.
      styledRows = 0;
      options.onScroll();
    } else if (outgrown) layOut();
    for (const row of spare) {
      row.root.hidden = true;
    }
  };
  return { root, draw };
}

function longer(a: string, b: string): string {
  return b.length > a.length ? b : a;
}

interface Flash {
  readonly animation: Animation;
  sinceMs: number;
}

/** The last flash of each cell. To ask the page for a cell's animations would make it lay everything out. */
const flashes = new WeakMap<HTMLElement, Flash>();

/** End a flash: the cell now belongs to another row. */
function settle(cell: HTMLElement): void {
  flashes.get(cell)?.animation.cancel();
}

/** Measure text in the view's font. */
function textMeasure(root: HTMLElement): (text: string, px: number, weight: number) => number {
  const context = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(root).fontFamily;
  return (text, px, weight) => {
    if (!context) return text.length * px * 0.6;
    context.font = `${weight} ${px}px ${family}`;
    return context.measureText(text.slice(0, MEASURED_CHARS)).width;
  };
}

function flash(cell: HTMLElement, nowMs: number): void {
  const last = flashes.get(cell);
  if (!last) {
    const animation = cell.animate([{ backgroundColor: "var(--rtw-flash)" }, { backgroundColor: "transparent" }], { duration: FLASH_MS, easing: "ease-out" });
    flashes.set(cell, { animation, sinceMs: nowMs });
  } else if (last.animation.playState !== "running" || nowMs - last.sinceMs > RENEW_MS) {
    last.animation.cancel();
    last.animation.play();
    last.sinceMs = nowMs;
  }
}
