// The readout at the pointer: x, and the value of each line there.

import { element } from "./dom.ts";

export interface ReadoutRow {
  readonly name: string;
  readonly color: string;
  readonly value: string;
}

export interface Readout {
  readonly root: HTMLElement;
  show(heading: string, rows: readonly ReadoutRow[], left: number, top: number): void;
  hide(): void;
}

const GAP_PX = 14;

/** Build the readout; it stays inside its offset parent. */
export function makeReadout(): Readout {
  const root = element("div", { class: "rtw-readout", hidden: true });
  root.setAttribute("aria-hidden", "true");
  return {
    root,
    show(heading, rows, left, top) {
      root.replaceChildren(
        element("div", { class: "rtw-readout__head", text: heading }),
        ...rows.map(({ name, color, value }) => {
          const mark = element("span", { class: "rtw-readout__mark" });
          mark.style.background = color;
          return element("div", { class: "rtw-readout__row" }, mark, element("span", { class: "rtw-readout__name", text: name }), element("span", { class: "rtw-readout__value", text: value }));
        }),
      );
      root.hidden = false;
      const room = root.offsetParent as HTMLElement | null;
      const [width, height] = [root.offsetWidth, root.offsetHeight];
      const roomWidth = room?.clientWidth ?? 0;
      const roomHeight = room?.clientHeight ?? 0;
      const right = left + GAP_PX;
      const x = right + width <= roomWidth ? right : Math.max(0, left - GAP_PX - width);
      const y = Math.max(0, Math.min(top - height / 2, roomHeight - height));
      root.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
    },
    hide() {
      root.hidden = true;
    },
  };
}
