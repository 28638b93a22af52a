// One view of a dashboard's panels: the grid, and the hands that move things on it.

import { drawFrames } from "./frames.ts";
import { element, focusAround } from "./dom.ts";
import { holdHandle } from "./panel_hold.ts";
import { columnsFor, COLUMNS, GAP_PX, narrowed, ROW_PX, settled, sized, type Box, type Change } from "./panel_grid.ts";
import type { PanelEdits } from "./panel_edits.ts";
import { panelFrame, type PanelFrame } from "./panel_frame.ts";
import { panelTitle, type Panel } from "./panel_layout.ts";
import type { PanelModels } from "./panel_models.ts";
import { moved, stepped } from "./panel_moves.ts";
import { reorder } from "./reorder.ts";

export interface Board {
  readonly root: HTMLElement;
  readonly editing: boolean;
  /** Show the handles, or hide them. */
  edit(on: boolean): void;
  request(): void;
}

export interface BoardOptions {
  readonly edits: PanelEdits;
  readonly models: PanelModels;
  /** Read aloud what became of an action. */
  readonly say: (text: string) => void;
  readonly drawn: () => void;
  /** What takes the keyboard's focus when the last panel is gone. */
  readonly spare: () => HTMLElement;
}

/** What a hand holds. */
interface Held {
  readonly id: string;
  readonly part: "move" | "resize";
  /** Where it was in the grid, in pixels. */
  readonly left: number;
  readonly top: number;
  /** How far the hand has moved. */
  hand: readonly [left: number, top: number];
  readonly letGo: () => void;
}

const GLIDE_MS = 140;
const STEPS: ReadonlyMap<string, readonly [columns: number, rows: number]> = new Map([
  ["ArrowLeft", [-1, 0]],
  ["ArrowRight", [1, 0]],
  ["ArrowUp", [0, -1]],
  ["ArrowDown", [0, 1]],
]);

export function panelBoard({ edits, models, say, drawn, spare }: BoardOptions, signal: AbortSignal): Board {
  const target = element("div", { class: "rtw-panels__target", hidden: true });
  const grid = element("div", { class: "rtw-panels__grid" }, target);
  const root = element("div", { class: "rtw-panels" }, grid);
  const all = new Map<string, PanelFrame>();
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let editing = false;
  let columns = 0;
  let held: Held | null = null;

  const find = (id: string): Panel | undefined => edits.layout.panels.find((panel) => panel.id === id);
  const titleOf = (id: string) => all.get(id)?.title ?? "";
  /** The next panel that is still there, or else the last before it. */
  const neighbour = (frame: PanelFrame, there: ReadonlySet<string>): PanelFrame | undefined => {
    const order = [...grid.children].flatMap((el) => [...all.values()].find(({ root: own }) => own === el) ?? []);
    const at = order.indexOf(frame);
    return [...order.slice(at + 1), ...order.slice(0, at).reverse()].find(({ id }) => there.has(id));
  };

  const draw = () => {
    const { panels } = edits.layout;
    const there = new Set(panels.map(({ id }) => id));
    const focused = editing ? [...all.values()].find((frame) => frame.root.contains(focusAround(root))) : undefined;
    const taken = [held?.id, focused?.id].find((id) => id !== undefined && !there.has(id));
    if (held && !there.has(held.id)) held.letGo();
    if (taken !== undefined) say(`Another editor has removed ${titleOf(taken)}.`);
    const next = focused && !there.has(focused.id) ? neighbour(focused, there) : focused;
    for (const [id, frame] of all) {
      if (there.has(id)) continue;
      frame.end();
      all.delete(id);
    }
    if (next !== focused) (next ? next.move : spare()).focus({ preventScroll: true });
    const before = new Map([...all].map(([id, { root: el }]) => [id, { left: el.offsetLeft, top: el.offsetTop }]));
    const now = editing ? COLUMNS : columnsFor(root.clientWidth);
    const glides = now === columns && !calm.matches;
    columns = now;
    grid.style.setProperty("--rtw-columns", String(columns));
    root.classList.toggle("rtw-panels--stacked", columns === 1);
    const boxes: readonly Box[] = columns === 12 ? panels : narrowed(panels, columns as 1 | 6);
    const places = new Map(boxes.map((box) => [box.id, box]));
    for (const { id, spec } of panels) {
      const model = models.get(id);
      const box = places.get(id);
      if (!model || !box) continue;
      let frame = all.get(id);
      if (!frame) {
        frame = panelFrame(id, actions);
        frame.edit(editing);
        all.set(id, frame);
        grid.append(frame.root);
      }
      frame.place(box);
      frame.show(model, panelTitle(spec));
    }
    // Elements stay where they are in the page while a hand is on one.
    if (!held) reorder(grid, panels.flatMap(({ id }) => all.get(id)?.root ?? []));
    const box = held ? places.get(held.id) : undefined;
    target.hidden = !box;
    if (box) {
      target.style.gridColumn = `${box.x + 1} / span ${box.w}`;
      target.style.gridRow = `${box.y + 1} / span ${box.h}`;
    }
    followHand();
    if (glides) for (const [id, frame] of all) if (id !== held?.id) glide(frame.root, before.get(id));
    drawn();
  };
  const frames = drawFrames(root, draw, signal);

  /** The held panel stays under the hand, wherever it would be put down. */
  const followHand = () => {
    const frame = held?.part === "move" ? all.get(held.id)?.root : undefined;
    if (!held || !frame) return;
    const [left, top] = [held.left + held.hand[0] - frame.offsetLeft, held.top + held.hand[1] - frame.offsetTop];
    frame.style.transform = `translate(${left}px, ${top}px)`;
  };

  const hold = (frame: PanelFrame, part: "move" | "resize", event: PointerEvent) => {
    const box = find(frame.id);
    if (!editing || held || event.button !== 0 || !box) return;
    event.preventDefault();
    const { id } = frame;
    const handle = frame[part];
    handle.focus({ preventScroll: true });
    let last: Change = {};
    const edit = (change: Change) => (panels: readonly Panel[]) => moved(panels, id, change);
    const letGo = holdHandle(handle, event, {
      box,
      part,
      grid,
      columnPx: (grid.clientWidth + GAP_PX) / COLUMNS,
      rowPx: ROW_PX + GAP_PX,
      at: (change, left, top) => {
        if (held) held.hand = [left, top];
        followHand();
        if (JSON.stringify(change) === JSON.stringify(last)) return;
        last = change;
        edits.preview(edit(change));
      },
      end: (kept) => {
        held = null;
        frame.root.style.transform = "";
        frame.root.classList.remove("rtw-panels__panel--held");
        if (kept && edits.commit(edit(last))) sayPlace(id, part);
        else edits.preview(null);
        if (!kept) say(`${titleOf(id)} stays where it was.`);
      },
    });
    held = { id, part, left: frame.root.offsetLeft, top: frame.root.offsetTop, hand: [0, 0], letGo };
    frame.root.classList.add("rtw-panels__panel--held");
    frames.request();
  };

  const sayPlace = (id: string, part: "move" | "resize") => {
    const box = find(id);
    if (!box) return;
    say(part === "move" ? `${titleOf(id)} moved to column ${box.x + 1}, row ${box.y + 1}.` : `${titleOf(id)} is ${box.w} columns wide and ${box.h} rows high.`);
  };

  const press = (frame: PanelFrame, part: "move" | "resize", event: KeyboardEvent) => {
    if (!editing || held || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      return remove(frame);
    }
    const step = STEPS.get(event.key);
    if (!step) return;
    event.preventDefault();
    const { id } = frame;
    const [dx, dy] = step;
    const does = event.shiftKey ? "resize" : part;
    const changes = edits.commit((panels) => {
      const box = panels.find((panel) => panel.id === id);
      if (!box) return panels;
      if (does === "resize") return moved(panels, id, sized(box, box.w + dx, box.h + dy));
      return dy ? stepped(panels, id, dy > 0 ? 1 : -1) : moved(panels, id, { x: box.x + dx });
    });
    if (changes) sayPlace(id, does);
    else say(does === "resize" ? `${titleOf(id)} can't be larger or smaller there.` : `${titleOf(id)} can't move further.`);
  };

  const remove = (frame: PanelFrame) => {
    if (!editing || held) return;
    const title = titleOf(frame.id);
    const order = edits.layout.panels.map(({ id }) => id);
    const next = order[order.indexOf(frame.id) + 1] ?? order.at(-2);
    if (!edits.commit((panels) => settled(panels.filter(({ id }) => id !== frame.id)))) return;
    (all.get(next ?? "")?.move ?? spare()).focus({ preventScroll: true });
    say(`${title} removed. Undo brings it back.`);
  };

  const actions = { hold, press, remove };
  const observer = new ResizeObserver(() => frames.request());
  observer.observe(root);
  signal.addEventListener(
    "abort",
    () => {
      observer.disconnect();
      held?.letGo();
      for (const frame of all.values()) frame.end();
      all.clear();
    },
    { once: true },
  );
  return {
    root,
    get editing() {
      return editing;
    },
    edit(on) {
      editing = on;
      root.classList.toggle("rtw-panels--editing", on);
      for (const frame of all.values()) frame.edit(on);
      if (!on) held?.letGo();
      frames.request();
    },
    request: () => frames.request(),
  };
}

/** Let an element glide from where it was. */
function glide(el: HTMLElement, before: { readonly left: number; readonly top: number } | undefined): void {
  if (!before) return;
  const [left, top] = [before.left - el.offsetLeft, before.top - el.offsetTop];
  if (left || top) el.animate([{ transform: `translate(${left}px, ${top}px)` }, { transform: "none" }], { duration: GLIDE_MS, easing: "ease-out" });
}
