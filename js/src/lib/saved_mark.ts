// The look of a view that shows what was saved.

import type { Link } from "./link.ts";

/** Mark a view while it shows what was saved, and keep what would act on the hub out of reach. */
export function markSaved(root: HTMLElement, link: Link, muted: readonly HTMLElement[], signal: AbortSignal): void {
  const mark = () => {
    const saved = link.savedAtMs !== null;
    root.classList.toggle("rtw--saved", saved);
    for (const element of muted) {
      element.classList.toggle("rtw-muted", saved);
      element.inert = saved;
    }
  };
  link.onChange(mark, signal);
  mark();
}
