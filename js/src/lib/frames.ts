// Drawing once per animation frame, and only while somebody can see it.

import { watchSight } from "./in_sight.ts";

export interface Frames {
  /** Ask for one drawing; several asks before the frame are one. */
  request(): void;
  /** Ask for a drawing after a while, such as when a moving window has moved a pixel. */
  requestIn(ms: number): void;
  readonly visible: boolean;
}

/** Call `draw` in animation frames while the element is on the screen and the tab in front. */
export function drawFrames(el: Element, draw: () => void, signal: AbortSignal): Frames {
  let wanted = true;
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const resume = () => {
    if (wanted) request();
  };
  const visible = watchSight(el, resume, signal);
  const run = () => {
    frame = 0;
    if (signal.aborted || !visible()) return;
    wanted = false;
    draw();
  };
  const request = () => {
    wanted = true;
    if (!frame && !signal.aborted && visible()) frame = requestAnimationFrame(run);
  };
  signal.addEventListener(
    "abort",
    () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    },
    { once: true },
  );
  request();
  return {
    request,
    requestIn(ms) {
      clearTimeout(timer);
      if (!signal.aborted) timer = setTimeout(request, ms);
    },
    get visible() {
      return visible();
    },
  };
}
