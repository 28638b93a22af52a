// Drawing once per animation frame, and only while somebody can see it.

export interface Frames {
  /** Ask for one drawing; several asks before the frame are one. */
  request(): void;
  /** Ask for a drawing after a while, such as when a moving window has moved a pixel. */
  requestIn(ms: number): void;
  readonly visible: boolean;
}

/** Call `draw` in animation frames while the element is on the screen and the tab in front. */
export function drawFrames(el: Element, draw: () => void, signal: AbortSignal): Frames {
  let onScreen = typeof IntersectionObserver === "undefined";
  let wanted = true;
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const visible = () => onScreen && document.visibilityState !== "hidden";
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
  const resume = () => {
    if (wanted) request();
  };
  if (!onScreen) {
    // A margin, so that a widget scrolled into view is already drawn.
    const observer = new IntersectionObserver(
      (entries) => {
        onScreen = entries.some((entry) => entry.isIntersecting);
        if (onScreen) request();
      },
      { rootMargin: "100px" },
    );
    observer.observe(el);
    signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  }
  document.addEventListener("visibilitychange", resume, { signal });
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
