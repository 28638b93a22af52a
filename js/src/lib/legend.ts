// A chart's legend: a mark, a name and the last value per line; pressing one hides its line.

import { element, setText } from "./dom.ts";

export interface LegendItem {
  readonly key: string;
  readonly name: string;
  readonly color: string;
  readonly dashed: boolean;
}

export interface Legend {
  readonly root: HTMLElement;
  /** Show these lines; what is hidden stays hidden. */
  set(items: readonly LegendItem[], more: number): void;
  /** Set the last values, in the order of the items. */
  values(texts: readonly string[]): void;
  readonly hidden: ReadonlySet<string>;
}

export function makeLegend(onToggle: () => void, signal: AbortSignal): Legend {
  const root = element("div", { class: "rtw-legend" });
  const hidden = new Set<string>();
  let cells: { cell: HTMLElement; longest: number }[] = [];
  return {
    root,
    hidden,
    set(items, more) {
      cells = [];
      root.replaceChildren(
        ...items.map(({ key, name, color, dashed }) => {
          const mark = element("span", { class: `rtw-legend__mark${dashed ? " rtw-legend__mark--dashed" : ""}` });
          mark.style.color = color;
          const cell = element("span", { class: "rtw-legend__value" });
          const item = element("button", { class: "rtw-legend__item" }, mark, element("span", { class: "rtw-legend__name", text: name }), cell);
          item.type = "button";
          item.title = name;
          item.setAttribute("aria-pressed", String(!hidden.has(key)));
          item.addEventListener(
            "click",
            () => {
              if (!hidden.delete(key)) hidden.add(key);
              item.setAttribute("aria-pressed", String(!hidden.has(key)));
              onToggle();
            },
            { signal },
          );
          cells.push({ cell, longest: 0 });
          return item;
        }),
      );
      if (more > 0) {
        const hint = element("span", { class: "rtw-legend__more", text: `and ${more} more, not drawn` });
        hint.title = "More lines than can be told apart. Publish or group fewer, or choose columns with y=.";
        root.append(hint);
      }
    },
    values(texts) {
      cells.forEach((entry, i) => {
        const text = texts[i] ?? "";
        setText(entry.cell, text);
        // Room for the longest value so far: the items after it must not move with every digit.
        if (text.length > entry.longest) {
          entry.longest = text.length;
          entry.cell.style.minWidth = `${text.length}ch`;
        }
      });
    },
  };
}
