// Which of very many rows are on the screen.

/** The tallest element that browsers lay out exactly; a longer table is shown from its first rows. */
export const MAX_HEIGHT_PX = 16_000_000;
const OVERSCAN = 6;

export interface RowSpan {
  /** First row to draw. */
  readonly first: number;
  /** Behind the last row to draw. */
  readonly end: number;
}

/** Rows to draw for a scroll position: those in sight, and a few on either side. */
export function rowsInSight(count: number, rowHeight: number, scrollTop: number, viewHeight: number): RowSpan {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
  const end = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + OVERSCAN);
  return { first: Math.min(first, end), end };
}

/** Rows that fit into the tallest element. */
export function reachableRows(count: number, rowHeight: number): number {
  return Math.min(count, Math.floor(MAX_HEIGHT_PX / rowHeight));
}
