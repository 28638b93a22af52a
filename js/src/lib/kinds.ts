// The kinds of widgets that there are.

import button from "../widgets/button.ts";
import chart from "../widgets/chart.ts";
import chat from "../widgets/chat.ts";
import dashboard from "../widgets/dashboard.ts";
import dateInput from "../widgets/date_input.ts";
import form from "../widgets/form.ts";
import log from "../widgets/log.ts";
import metric from "../widgets/metric.ts";
import multiSelect from "../widgets/multi_select.ts";
import notifications from "../widgets/notifications.ts";
import numberInput from "../widgets/number_input.ts";
import rangeSlider from "../widgets/range_slider.ts";
import select from "../widgets/select.ts";
import slider from "../widgets/slider.ts";
import table from "../widgets/table.ts";
import textInput from "../widgets/text_input.ts";
import toggle from "../widgets/toggle.ts";
import { liveWidget } from "./afm.ts";
import { card } from "./card.ts";
import { quoted } from "./options.ts";
import type { WidgetKind } from "./widget.ts";

const KINDS = (): WidgetKind[] => [
  ...[button, chart, chat, dashboard, form, log, metric, notifications, table],
  ...[dateInput, multiSelect, numberInput, rangeSlider, select, slider, textInput, toggle],
];

let known: ReadonlyMap<string, WidgetKind> | null = null;

/** The kind of widget of this name; each call of it makes the front end of one model. */
export function kindOf(name: string): WidgetKind | undefined {
  // On first use: a widget that shows others imports this module, and may be the first to be imported.
  known ??= new Map(KINDS().map((kind) => [kind.kind, kind]));
  return known.get(name);
}

/** The kind that a spec names; one that says so where there is no such kind. */
export function kindOfSpec(spec: unknown): WidgetKind {
  const name = (spec as { kind?: unknown } | null | undefined)?.kind;
  return (typeof name === "string" ? kindOf(name) : undefined) ?? UNKNOWN;
}

/** What is said of a kind that is not there. */
export function unknownKind(name: unknown): string {
  return `there is no widget of kind ${quoted(name)} in this release of rtwidgets; a newer one may show it`;
}

const UNKNOWN: WidgetKind = Object.assign(
  liveWidget<string>({
    open: (spec) => {
      const name = (spec as { kind?: unknown } | null | undefined)?.kind;
      return name === undefined
        ? "this widget has no spec; run the cell again"
        : unknownKind(name);
    },
    show: (fault, el, signal) => void card(el, { class: "rtw-fault", title: "", badge: null, problems: [fault] }, signal),
  }),
  { kind: "" },
);
