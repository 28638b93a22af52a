// What a session shows: its dashboard.

import type { ValueFeed } from "../connection/types.ts";
import { isObject } from "../feeds/columns.ts";
import { element } from "../lib/dom.ts";
import { kindOfSpec } from "../lib/kinds.ts";
import { HUB } from "./hub.ts";

/** Show a widget in an element until the signal aborts. */
export function mount(spec: unknown, el: HTMLElement, signal: AbortSignal): void {
  const model = { get: (name: string): unknown => (name === "spec" ? spec : undefined) };
  const widget = kindOfSpec(spec)();
  widget.initialize({ model, signal });
  widget.render({ model, el, signal });
}

/** The panels of a dashboard's spec, as widgets of this page; what is none is left out. */
export function panelSpecs(layout: unknown): unknown[] {
  const panels = isObject(layout) && Array.isArray(layout.panels) ? layout.panels : [];
  return panels.map((panel: unknown) => (isObject(panel) && isObject(panel.spec) ? { ...panel.spec, hub: HUB } : null)).filter((spec) => spec !== null);
}

/** Show the panels one below the other; anew when others take their place. */
export function showPanels(layout: ValueFeed, el: HTMLElement, signal: AbortSignal): void {
  let shown = "";
  let current = new AbortController();
  const draw = (): void => {
    const specs = panelSpecs(layout.value);
    const now = JSON.stringify(specs);
    if (now === shown) return;
    shown = now;
    current.abort();
    current = new AbortController();
    el.replaceChildren(
      ...specs.map((spec) => {
        const place = element("div", { class: "rtw-host__panel" });
        mount(spec, place, current.signal);
        return place;
      }),
    );
  };
  layout.onChange(draw, signal);
  signal.addEventListener("abort", () => current.abort(), { once: true });
  draw();
}
