// The kinds of widgets that there are.

import button from "../widgets/button.ts";
import chart from "../widgets/chart.ts";
import chat from "../widgets/chat.ts";
import form from "../widgets/form.ts";
import metric from "../widgets/metric.ts";
import slider from "../widgets/slider.ts";
import table from "../widgets/table.ts";
import toggle from "../widgets/toggle.ts";
import { liveWidget } from "./afm.ts";
import { card } from "./card.ts";
import { quoted } from "./options.ts";
import type { WidgetKind } from "./widget.ts";

let known: ReadonlyMap<string, WidgetKind> | null = null;

/** The kind of widget of this name; each call of it makes the front end of one model. */
export function kindOf(name: string): WidgetKind | undefined {
  // On first use: a widget that shows others imports this module, and may be the first to be imported.
  known ??= new Map([button, chart, chat, form, metric, slider, table, toggle].map((kind) => [kind.kind, kind]));
  return known.get(name);
}

/** The kind that a spec names; one that says so where there is no such kind. */
export function kindOfSpec(spec: unknown): WidgetKind {
  const name = (spec as { kind?: unknown } | null | undefined)?.kind;
  return (typeof name === "string" ? kindOf(name) : undefined) ?? UNKNOWN;
}

const UNKNOWN: WidgetKind = Object.assign(
  liveWidget<string>({
    open: (spec) => {
      const name = (spec as { kind?: unknown } | null | undefined)?.kind;
      return name === undefined
        ? "this widget has no spec; run the cell again"
        : `there is no widget of kind ${quoted(name)} in this release of rtwidgets; a newer one may show it`;
    },
    show: (fault, el, signal) => void card(el, { class: "rtw-fault", title: "", badge: null, problems: [fault] }, signal),
  }),
  { kind: "" },
);
