// The widgets of a dashboard's panels: opened once per dashboard, shown by each of its views.

import type { LiveFrontEnd } from "./afm.ts";
import { asRecord } from "./options.ts";
import { outsideOf, type Panel } from "./panel_layout.ts";
import type { Saved } from "./saved.ts";

export interface PanelModel {
  /** Another one for another spec. */
  readonly key: string;
  /** Why there is no widget. */
  readonly fault: string;
  /** Show it; it ends with the signal. */
  render(el: HTMLElement, signal: AbortSignal): void;
  /** What to keep of it. */
  picture(share: number): Readonly<Record<string, unknown>> | null;
}

/** What makes the widgets of a kind, and what is said of a kind that is not there. */
export interface Kinds {
  readonly of: (kind: string) => (() => LiveFrontEnd) | undefined;
  readonly unknown: (kind: unknown) => string;
}

export class PanelModels {
  readonly #kinds: Kinds;
  readonly #hub: string;
  readonly #session: string;
  readonly #saved: Saved | null;
  readonly #open = new Map<string, PanelModel & { readonly life: AbortController }>();

  constructor(kinds: Kinds, hub: string, session: string, saved: Saved | null, signal: AbortSignal) {
    this.#kinds = kinds;
    this.#hub = hub;
    this.#session = session;
    this.#saved = saved;
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
      this.#open.set(id, { key, life, ...this.#widget(id, spec, life.signal) });
    }
  }

  /** What to keep of the panels, by their ids. */
  pictures(share: number): Readonly<Record<string, unknown>> {
    const taken = [...this.#open].map(([id, { picture }]) => [id, picture(share)] as const);
    return Object.fromEntries(taken.filter(([, feeds]) => feeds !== null));
  }

  #widget(id: string, spec: unknown, signal: AbortSignal): Omit<PanelModel, "key"> {
    const kind = asRecord(spec)?.kind;
    const make = typeof kind === "string" ? this.#kinds.of(kind) : undefined;
    const fault =
      outsideOf(this.#session, spec) ?? (make ? "" : this.#kinds.unknown(kind));
    if (fault || !make) return { fault, render: () => {}, picture: () => null };
    const shown = { ...asRecord(spec), hub: this.#hub };
    const kept = new Map(Object.entries(asRecord(this.#saved?.feeds.get("panels")) ?? {})).get(id);
    const snapshot = kept === undefined ? undefined : { at_ms: this.#saved?.atMs, feeds: kept };
    const model = { get: (name: string) => (name === "spec" ? shown : name === "snapshot" ? snapshot : undefined) };
    const widget = make();
    widget.initialize({ model, signal });
    return { fault: "", render: (el, until) => void widget.render({ model, el, signal: until }), picture: widget.picture };
  }
}
