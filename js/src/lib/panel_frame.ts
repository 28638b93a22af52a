// One panel of a dashboard as one view shows it: its widget, and over it, while the layout is edited, its handles.

import { card } from "./card.ts";
import { button, element, icon, setText } from "./dom.ts";
import type { Box } from "./panel_grid.ts";
import type { PanelModel } from "./panel_models.ts";

export interface PanelFrame {
  readonly id: string;
  readonly root: HTMLElement;
  readonly move: HTMLButtonElement;
  readonly resize: HTMLButtonElement;
  /** What its widget calls itself, or what the layout says of it. */
  readonly title: string;
  /** Show this widget, unless it is the one that is shown. */
  show(model: PanelModel, title: string): void;
  place(box: Box): void;
  edit(on: boolean): void;
  end(): void;
}

export interface FrameActions {
  /** Something was pressed on a handle. */
  readonly hold: (frame: PanelFrame, part: "move" | "resize", event: PointerEvent) => void;
  readonly press: (frame: PanelFrame, part: "move" | "resize", event: KeyboardEvent) => void;
  readonly remove: (frame: PanelFrame) => void;
}

const GRIP = "M5.5 4h.01M5.5 8h.01M5.5 12h.01M10.5 4h.01M10.5 8h.01M10.5 12h.01";
const CORNER = "M13 6 6 13M13 10.5 10.5 13";
const CROSS = "M4 4l8 8M12 4l-8 8";

export function panelFrame(id: string, actions: FrameActions): PanelFrame {
  const life = new AbortController();
  const { signal } = life;
  const content = element("div", { class: "rtw-panels__content" });
  const size = element("span", { class: "rtw-panels__size" });
  const move = button({ class: "rtw-panels__move" }, () => {}, signal);
  const resize = button({ class: "rtw-panels__resize" }, () => {}, signal);
  resize.append(icon(CORNER));
  const remove = button({ class: "rtw-panels__remove" }, () => actions.remove(frame), signal);
  remove.append(icon(CROSS));
  // One stop of the tab key per panel: its keys do what the other two do.
  resize.tabIndex = remove.tabIndex = -1;
  const chip = element("div", { class: "rtw-panels__chip" }, icon(GRIP), size, remove);
  const handles = element("div", { class: "rtw-panels__handles", hidden: true }, move, chip, resize);
  const root = element("div", { class: "rtw-panels__panel", role: "group" }, content, handles);
  move.title = "Drag to move. Arrow keys move, with Shift they resize; Delete removes";
  resize.title = "Drag to resize. Arrow keys resize";
  remove.title = "Remove";
  let shown: { model: PanelModel; life: AbortController } | null = null;
  let given = "";
  const name = () => {
    const { title } = frame;
    root.setAttribute("aria-label", title);
    move.setAttribute("aria-label", `Move ${title}`);
    resize.setAttribute("aria-label", `Resize ${title}`);
    remove.setAttribute("aria-label", `Remove ${title}`);
  };

  const frame: PanelFrame = {
    id,
    root,
    move,
    resize,
    get title() {
      return content.querySelector(".rtw")?.getAttribute("aria-label") || given;
    },
    show(model, title) {
      given = title;
      // A panel that went and came back between two drawings has another widget of the same spec.
      if (shown?.model === model) return name();
      shown?.life.abort();
      shown = { model, life: new AbortController() };
      const el = element("div", { class: "rtw-panels__widget" });
      content.replaceChildren(el);
      if (model.fault) card(el, { class: "rtw-panels__fault", title, badge: null, problems: [model.fault] }, shown.life.signal);
      else model.render(el, shown.life.signal);
      name();
    },
    place({ x, y, w, h }) {
      root.style.gridColumn = `${x + 1} / span ${w}`;
      root.style.gridRow = `${y + 1} / span ${h}`;
      root.classList.toggle("rtw-panels__panel--row", h === 1);
      setText(size, `${w} × ${h}`);
    },
    edit(on) {
      handles.hidden = !on;
      // Its own buttons would stand between the handles for the keyboard, and under them for the mouse.
      content.inert = on;
      // A form takes its command's title when that is known.
      name();
    },
    end() {
      shown?.life.abort();
      life.abort();
      root.remove();
    },
  };
  for (const [part, handle] of [["move", move], ["resize", resize]] as const) {
    handle.addEventListener("pointerdown", (event) => actions.hold(frame, part, event), { signal });
    handle.addEventListener("keydown", (event) => actions.press(frame, part, event), { signal });
  }
  return frame;
}
