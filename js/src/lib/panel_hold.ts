// A handle under a pointer: from the press to the release, in steps of the grid.

import { sized, type Box, type Change } from "./panel_grid.ts";

export interface Hold {
  /** The box that is held, as it was. */
  readonly box: Box;
  readonly part: "move" | "resize";
  /** The grid, whose place on the screen changes while the page scrolls. */
  readonly grid: HTMLElement;
  readonly columnPx: number;
  readonly rowPx: number;
  /** The box would be changed so; and how far the hand is from where it began, in pixels. */
  readonly at: (change: Change, left: number, top: number) => void;
  /** The hand let go; `kept` is false when it changed its mind. */
  readonly end: (kept: boolean) => void;
}

/** Follow a pointer that was pressed on a handle; the result lets go of it. */
export function holdHandle(handle: HTMLElement, event: PointerEvent, hold: Hold): () => void {
  const life = new AbortController();
  const { signal } = life;
  const { box, part, grid, columnPx, rowPx } = hold;
  const position = ({ clientX, clientY }: { clientX: number; clientY: number }) => {
    const { left, top } = grid.getBoundingClientRect();
    return { left: clientX - left, top: clientY - top };
  };
  const began = position(event);
  let last = { clientX: event.clientX, clientY: event.clientY };
  const end = (kept: boolean) => {
    if (signal.aborted) return;
    life.abort();
    if (handle.hasPointerCapture(event.pointerId)) handle.releasePointerCapture(event.pointerId);
    hold.end(kept);
  };
  const follow = () => {
    const now = position(last);
    const [left, top] = [now.left - began.left, now.top - began.top];
    const [columns, rows] = [Math.round(left / columnPx), Math.round(top / rowPx)];
    hold.at(part === "move" ? { x: box.x + columns, y: box.y + rows } : sized(box, box.w + columns, box.h + rows), left, top);
  };
  handle.setPointerCapture(event.pointerId);
  handle.addEventListener(
    "pointermove",
    (moved) => {
      if (moved.pointerId !== event.pointerId) return;
      last = { clientX: moved.clientX, clientY: moved.clientY };
      follow();
    },
    { signal },
  );
  handle.addEventListener("pointerup", (up) => up.pointerId === event.pointerId && end(true), { signal });
  handle.addEventListener("pointercancel", () => end(false), { signal });
  handle.addEventListener("lostpointercapture", () => end(false), { signal });
  document.addEventListener("scroll", follow, { signal, capture: true, passive: true });
  // Before a host hears of it: Escape leaves the cell in JupyterLab.
  window.addEventListener(
    "keydown",
    (key) => {
      if (key.key !== "Escape") return;
      key.preventDefault();
      key.stopImmediatePropagation();
      end(false);
    },
    { signal, capture: true },
  );
  return () => end(false);
}
