// What a session shows: its dashboard.

import type { ValueFeed } from "../connection/types.ts";
import { kindOfSpec } from "../lib/kinds.ts";
import { HUB } from "./hub.ts";

/** Show a widget in an element until the signal aborts. */
export function mount(spec: unknown, el: HTMLElement, signal: AbortSignal): void {
  const model = { get: (name: string): unknown => (name === "spec" ? spec : undefined) };
  const widget = kindOfSpec(spec)();
  widget.initialize({ model, signal });
  widget.render({ model, el, signal });
}

/** Show a session's dashboard as soon as there is one. */
export function showDashboard(session: string, layout: ValueFeed, el: HTMLElement, signal: AbortSignal): void {
  const shown = new AbortController();
  const look = (): void => {
    if (!layout.has || shown.signal.aborted) return;
    shown.abort();
    const channels = { layout: layout.channel, members: `event:${session}/rtwidgets.members` };
    mount({ kind: "dashboard", hub: HUB, channels, options: {} }, el, signal);
  };
  signal.addEventListener("abort", () => shown.abort(), { once: true });
  layout.onChange(look, shown.signal);
  look();
}
