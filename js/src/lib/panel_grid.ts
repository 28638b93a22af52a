// Where the panels of a dashboard stand: a grid of 12 columns, in which they rise until they meet another.
//
// A place is an order and x, width and height; y follows from what comes before. So panels never cover each other
// and leave no gaps above them, whatever was moved, and every page comes to the same picture.

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
function onGrid<T extends Box>(box: T, columns: number): T {
  const w = between(box.w, 1, columns);
  return { ...box, w, x: between(box.x, 0, columns - w), y: Math.max(0, box.y), h: between(box.h, 1, MAX_ROWS) };
}

/** Let boxes rise, in this order. */
function risen<T extends Box>(order: readonly T[], columns: number): T[] {
  const edge = new Array<number>(columns).fill(0);
  const placed = order.map((box) => {
    const y = Math.max(...edge.slice(box.x, box.x + box.w));
    edge.fill(y + box.h, box.x, box.x + box.w);
    return { ...box, y };
  });
  return placed.sort(byReading);
}

/** The boxes in reading order, each as high as those before it allow. */
export function settled<T extends Box>(boxes: readonly T[]): T[] {
  return risen(boxes.map((box) => onGrid(box, COLUMNS)).sort(byReading), COLUMNS);
}

/**
 * The boxes with one of them at another place or in another size; those in its way go below it.
 *
 * A box that moves down goes below another once its lower edge has passed the middle of that, and above it once its
 * upper edge has when it moves up: as far as a hand moves something in a list to say "past this one".
 */
export function moved<T extends Box>(boxes: readonly T[], id: string, change: Change): T[] {
  const before = boxes.find((box) => box.id === id);
  if (!before) return settled(boxes);
  const box = onGrid({ ...before, ...change }, COLUMNS);
  const others = boxes.filter((other) => other.id !== id).sort(byReading);
  const place = others.reduce((after, other, i) => (comesFirst(other, box, before.y) ? i + 1 : after), 0);
  return risen([...others.slice(0, place), box, ...others.slice(place)], COLUMNS);
}

function comesFirst(other: Box, box: Box, from: number): boolean {
  const apart = other.x + other.w <= box.x || box.x + box.w <= other.x;
  if (apart) return byReading(other, box) < 0;
  const middle = other.y + other.h / 2;
  if (box.y > from) return middle < box.y + box.h;
  if (box.y < from) return middle <= box.y;
  return other.y < box.y;
}

/** One step of a box up or down: past the next one there. The same boxes where there is none. */
export function stepped<T extends Box>(boxes: readonly T[], id: string, direction: 1 | -1): readonly T[] {
  const before = boxes.find((box) => box.id === id);
  if (!before) return boxes;
  const end = direction > 0 ? bottom(boxes) : 0;
  for (let y = before.y + direction; direction > 0 ? y <= end : y >= end; y += direction) {
    const after = moved(boxes, id, { y });
    const now = after.find((box) => box.id === id);
    if (now && (now.y - before.y) * direction > 0) return after;
  }
  return boxes;
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
 * The same boxes in fewer columns, in reading order. In six, small ones share a row and the last of a row takes what
 * is left of it.
 */
export function narrowed<T extends Box>(boxes: readonly T[], columns: 1 | 6): T[] {
  const order = [...boxes].sort(byReading);
  const rows: T[][] = [];
  let left = 0;
  for (const box of order) {
    const w = columns === 6 && box.w <= 4 ? 3 : columns;
    if (w > left) {
      rows.push([]);
      left = columns;
    }
    rows.at(-1)?.push({ ...box, x: columns - left, w });
    left -= w;
  }
  for (const row of rows) {
    const last = row.at(-1);
    if (last) row[row.length - 1] = { ...last, w: columns - last.x };
  }
  let y = 0;
  return rows.flatMap((row) => {
    const height = row.reduce((most, { h }) => Math.max(most, h), 0);
    const placed = row.map((box) => ({ ...box, y }));
    y += height;
    return placed;
  });
}
