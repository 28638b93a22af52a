// Small panels over the page: status details, a column menu.
//
// They live in the browser's top layer where there is one, because a notebook's output area cuts off what leaves it.

export interface Panel {
  readonly open: boolean;
  /** Open it; `fill` puts in what it shows, so that it is measured with that. */
  show(fill?: () => void): void;
  hide(): void;
}

/** Make `panel` (a child of the widget, so that it has its colours) open under `anchor`, right edges aligned. */
export function panelUnder(anchor: HTMLElement, panel: HTMLElement, signal: AbortSignal): Panel {
  const topLayer = typeof panel.showPopover === "function";
  if (topLayer) panel.popover = "manual";
  panel.hidden = true;
  const place = () => {
    const at = anchor.getBoundingClientRect();
    // Near the right edge it would be measured squeezed.
    panel.style.left = "0";
    const width = panel.offsetWidth;
    const height = panel.offsetHeight;
    const below = at.bottom + 4;
    const top = below + height > innerHeight && at.top - 4 - height > 0 ? at.top - 4 - height : below;
    panel.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
    panel.style.top = `${top}px`;
  };
  const api = {
    open: false,
    show(fill?: () => void) {
      if (api.open || signal.aborted) return;
      api.open = true;
      panel.hidden = false;
      fill?.();
      if (topLayer) panel.showPopover();
      place();
    },
    hide() {
      if (!api.open) return;
      api.open = false;
      if (topLayer && panel.isConnected) panel.hidePopover();
      panel.hidden = true;
    },
  };
  // It does not move along with what is scrolled, so it goes.
  document.addEventListener("scroll", (event) => panel.contains(event.target as Node) || api.hide(), { signal, capture: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && api.hide(), { signal });
  signal.addEventListener("abort", () => api.hide(), { once: true });
  return api;
}
