// Where the panels of a dashboard stand: a grid of 12 columns and, one below the other, rows of panels.
//
// A row is what stands between two lines across the whole grid that go through no panel. It begins where the one above
// it has ended. In it panels rise until they meet another, and never out of it: so panels never cover each other, what
// was written as a row stays one, and every page comes to the same picture.

export const COLUMNS = 12;
export const ROW_PX = 40;
export const GAP_PX = 8;
export const MAX_ROWS = 40;
const MIN_COLUMNS = 2;

export interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A change of one box. */
export type Change = Partial<Pick<Box, "x" | "y" | "w" | "h">>;

const byReading = (a: Box, b: Box) => a.y - b.y || a.x - b.x;
const between = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);

/** Inside the grid: what a peer wrote may be anywhere. */
export function onGrid<T extends Box>(box: T): T {
  const w = between(box.w, 1, COLUMNS);
  return { ...box, w, x: between(box.x, 0, COLUMNS - w), y: Math.max(0, box.y), h: between(box.h, 1, MAX_ROWS) };
}

/** Groups of boxes between the lines that go through none of them: rows from top to bottom, or columns from the left. */
function cut<T extends Box>(boxes: readonly T[], start: "x" | "y", size: "w" | "h"): T[][] {
  const parts: T[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const box of [...boxes].sort((a, b) => a[start] - b[start])) {
    if (box[start] >= end) parts.push([]);
    parts.at(-1)?.push(box);
    end = Math.max(end, box[start] + box[size]);
  }
  return parts;
}

/** The rows of a grid, each from top to bottom. */
export const rowsOf = <T extends Box>(boxes: readonly T[]): T[][] => cut([...boxes].sort(byReading), "y", "h");

/** Row after row, and in a row column after column, where a line goes between them: as one would write them down. */
export function inReadingOrder<T extends Box>(boxes: readonly T[]): T[] {
  return rowsOf(boxes).flatMap((row) => {
    const columns = cut(row, "x", "w");
    return columns.length > 1 ? columns.flatMap(inReadingOrder) : row;
  });
}

/** Let the boxes of each row rise, in their order, to where the row above has ended. */
export function stacked<T extends Box>(rows: readonly (readonly T[])[]): T[][] {
  let start = 0;
  return rows.map((row) => {
    const edge = new Array<number>(COLUMNS).fill(start);
    const placed = row.map((box) => {
      const y = Math.max(...edge.slice(box.x, box.x + box.w));
      edge.fill(y + box.h, box.x, box.x + box.w);
      return { ...box, y };
    });
    start = Math.max(start, bottom(placed));
    return placed;
  });
}

/** The boxes in reading order: none over another, and no gap above a row or in it. */
export function settled<T extends Box>(boxes: readonly T[]): T[] {
  const edge = new Array<number>(COLUMNS).fill(0);
  const apart = boxes.map(onGrid).sort(byReading).map((box) => {
    const y = Math.max(box.y, ...edge.slice(box.x, box.x + box.w));
    edge.fill(y + box.h, box.x, box.x + box.w);
    return { ...box, y };
  });
  return inReadingOrder(stacked(rowsOf(apart)).flat());
}

/** A size that a hand can give a box: it stays where it is, and large enough to be seen. */
export function sized(box: Box, w: number, h: number): Change {
  return { w: between(w, Math.min(MIN_COLUMNS, box.w), COLUMNS - box.x), h: between(h, 1, MAX_ROWS) };
}

/** Rows that the boxes take. */
export function bottom(boxes: readonly Box[]): number {
  return boxes.reduce((most, { y, h }) => Math.max(most, y + h), 0);
}

/** Whether two arrangements are the same. */
export function sameBoxes(a: readonly Box[], b: readonly Box[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ id, x, y, w, h }, i) => {
      const other = b[i];
      return other?.id === id && other.x === x && other.y === y && other.w === w && other.h === h;
    })
  );
}

/** Columns for a width: what can't be read side by side is shown one below the other. */
export function columnsFor(widthPx: number): 1 | 6 | 12 {
  return widthPx >= 700 ? 12 : widthPx >= 420 ? 6 : 1;
}

/**
 * The same boxes in fewer columns, in reading order. In six, small ones of a row stand beside each other and the last
 * takes what is left.
 */
export function narrowed<T extends Box>(boxes: readonly T[], columns: 1 | 6): T[] {
  const lines: T[][] = [];
  for (const row of rowsOf(boxes)) {
    let left = 0;
    for (const box of inReadingOrder(row)) {
      const w = columns === 6 && box.w <= 4 ? 3 : columns;
      if (w > left) {
        lines.push([]);
        left = columns;
      }
      lines.at(-1)?.push({ ...box, x: columns - left, w });
      left -= w;
    }
  }
  let y = 0;
  return lines.flatMap((line) => {
    const placed = line.map((box, i) => ({ ...box, y, w: i === line.length - 1 ? columns - box.x : box.w }));
    y = bottom(placed);
    return placed;
  });
}
