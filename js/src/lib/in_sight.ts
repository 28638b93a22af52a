// Whether somebody can see an element.

/** Hear when an element comes on the screen in the tab in front, or leaves it; the result says how it is now. */
export function watchSight(el: Element, changed: () => void, signal: AbortSignal): () => boolean {
  let onScreen = typeof IntersectionObserver === "undefined";
  if (!onScreen) {
    // A margin, so that a widget scrolled into view is already drawn.
    const observer = new IntersectionObserver(
      (entries) => {
        // The last entry is the newest.
        onScreen = entries.at(-1)?.isIntersecting ?? onScreen;
        changed();
      },
      { rootMargin: "100px" },
    );
    observer.observe(el);
    signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  }
  document.addEventListener("visibilitychange", changed, { signal });
  return () => onScreen && document.visibilityState !== "hidden";
}
