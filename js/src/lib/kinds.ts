// The kinds of widgets that there are.

import button from "../widgets/button.ts";
import chart from "../widgets/chart.ts";
import chat from "../widgets/chat.ts";
import metric from "../widgets/metric.ts";
import slider from "../widgets/slider.ts";
import table from "../widgets/table.ts";
import toggle from "../widgets/toggle.ts";
import type { AnyWidget } from "./afm.ts";

let known: ReadonlyMap<string, () => AnyWidget> | null = null;

export function kindOf(name: string): (() => AnyWidget) | undefined {
  known ??= new Map(Object.entries({ button, chart, chat, metric, slider, table, toggle }));
  return known.get(name);
}
