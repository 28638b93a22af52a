// How a panel of a dashboard gets to another place: into a row of others, or between two rows.

import { bottom, onGrid, rowsOf, settled, stacked, type Box, type Change } from "./panel_grid.ts";

/**
 * The boxes with one of them at another place or in another size; those in its way go below it.
 *
 * A box that moves down goes below another once its lower edge has passed the middle of that, and above it once its
 * upper edge has when it moves up: as far as a hand moves something in a list to say "past this one". It becomes part
 * of a row where there is room, or below others of that row; over all that is in its way there it is a row of its own.
 */
export function moved<T extends Box>(boxes: readonly T[], id: string, change: Change): T[] {
  const rows = rowsOf(settled(boxes));
  const home = rows.findIndex((row) => row.some((box) => box.id === id));
  const before = rows[home]?.find((box) => box.id === id);
  if (!before) return settled(boxes);
  const box = onGrid({ ...before, ...change });
  const left = rows.map((row) => row.filter((other) => other !== before));
  const rest = stacked(left);
  // What stood below it has risen meanwhile, and with it the middle that a box on its way down has to pass.
  const seen = box.y > before.y ? rest : left;
  const isInWay = (other: Box) => other.x < box.x + box.w && box.x < other.x + other.w;
  const isFirst = (other: Box) => comesFirst(other, box, before.y);

  const into = (at: number) =>
    rest.map((row, i) => (i === at ? [...(seen[i] ?? []).filter(isFirst), box, ...(seen[i] ?? []).filter((other) => !isFirst(other))] : row));
  const above = (at: number) => [...rest.slice(0, at), [box], ...rest.slice(at)];
  const placed = (): T[][] => {
    if (box.y === before.y) return into(home);
    const at = rest.findIndex((row) => box.y < bottom(row));
    if (at < 0) return above(rest.length);
    const inWay = (seen[at] ?? []).filter(isInWay);
    const first = inWay.filter(isFirst);
    if (first.length < inWay.length || inWay.length === 0) {
      const isBetween = first.length > 0 && inWay.every((other) => first.includes(other) || other.y >= bottom(first));
      return at === home || inWay.length === 0 || isBetween ? into(at) : above(at);
    }
    // Below all that is in its way: with room beside them it stays in their row, or else it is behind that.
    if (bottom(first) < bottom(seen[at] ?? [])) return into(at);
    const next = rest[at + 1];
    return next && (at + 1 === home || !next.some(isInWay)) ? into(at + 1) : above(at + 1);
  };
  return settled(stacked(placed()).flat());
}

function comesFirst(other: Box, box: Box, from: number): boolean {
  const middle = other.y + other.h / 2;
  if (box.y > from) return middle < box.y;
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
