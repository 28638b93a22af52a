// The widgets of a dashboard's panels: opened once per dashboard, shown by each of its views.

import type { AnyWidget } from "./afm.ts";
import { asRecord } from "./options.ts";
import { outsideOf, type Panel } from "./panel_layout.ts";

export interface PanelModel {
  /** Another one for another spec. */
  readonly key: string;
  /** Why there is no widget. */
  readonly fault: string;
  /** Show it; it ends with the signal. */
  render(el: HTMLElement, signal: AbortSignal): void;
}

/** What makes the widgets of a kind, and what is said of a kind that is not there. */
export interface Kinds {
  readonly of: (kind: string) => (() => AnyWidget) | undefined;
  readonly unknown: (kind: unknown) => string;
}

export class PanelModels {
  readonly #kinds: Kinds;
  readonly #hub: string;
  readonly #session: string;
  readonly #open = new Map<string, PanelModel & { readonly life: AbortController }>();

  constructor(kinds: Kinds, hub: string, session: string, signal: AbortSignal) {
    this.#kinds = kinds;
    this.#hub = hub;
    this.#session = session;
    signal.addEventListener("abort", () => this.follow([]), { once: true });
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: string): PanelModel | undefined {
    return this.#open.get(id);
  }

  /** Open what is new, end what is gone; a panel that only moved keeps its widget. */
  follow(panels: readonly Panel[]): void {
    const there = new Set(panels.map(({ id }) => id));
    for (const [id, { life }] of this.#open) {
      if (there.has(id)) continue;
      life.abort();
      this.#open.delete(id);
    }
    for (const { id, spec } of panels) {
      const key = JSON.stringify(spec) ?? "";
      const known = this.#open.get(id);
      if (known?.key === key) continue;
      known?.life.abort();
      const life = new AbortController();
      this.#open.set(id, { key, life, ...this.#widget(spec, life.signal) });
    }
  }

  #widget(spec: unknown, signal: AbortSignal): Pick<PanelModel, "fault" | "render"> {
    const kind = asRecord(spec)?.kind;
    const make = typeof kind === "string" ? this.#kinds.of(kind) : undefined;
    const fault =
      outsideOf(this.#session, spec) ?? (make ? "" : this.#kinds.unknown(kind));
    if (fault || !make) return { fault, render: () => {} };
    const shown = { ...asRecord(spec), hub: this.#hub };
    const model = { get: (name: string) => (name === "spec" ? shown : undefined) };
    const widget = make();
    widget.initialize({ model, signal });
    return { fault: "", render: (el, until) => void widget.render({ model, el, signal: until }) };
  }
}
