// Changes of a dashboard's layout: shown at once, sent, and kept up while others change it too.
//
// A change is a function of the panels that are there. It stays on top of what the hub says until the hub has said it,
// so that neither an old value nor another editor's makes a panel jump back, and what others do meanwhile is kept.

import { bottom, sameBoxes, settled } from "./panel_grid.ts";
import { readLayout, writtenLayout, type Layout, type Panel } from "./panel_layout.ts";

export type Edit = (panels: readonly Panel[]) => readonly Panel[];

export interface EditsOptions {
  /** The hub's value now; undefined while it has none. */
  readonly current: () => unknown;
  /** Publish; resolves when the hub has acknowledged. */
  readonly send: (value: unknown) => Promise<void>;
  readonly changed: () => void;
  /** Say why the last change was not saved, or "" when one was. */
  readonly failed: (reason: string) => void;
}

interface Pending {
  readonly edit: Edit;
  /** What was published with it. */
  sent: string;
}

/** The hub's answer may come before the publication. */
const PUBLICATION_GRACE_MS = 250;
const KEPT_UNDOS = 20;

export class PanelEdits {
  readonly #options: EditsOptions;
  #base: Layout = readLayout(undefined);
  #pending: Pending[] = [];
  #preview: Edit | null = null;
  #undos: readonly Edit[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(options: EditsOptions) {
    this.#options = options;
  }

  /** What is shown. */
  get layout(): Layout {
    const edits = this.#pending.map(({ edit }) => edit);
    return applied(this.#base, this.#preview ? [...edits, this.#preview] : edits);
  }

  /** The same without what a hand is still moving. */
  get saved(): Layout {
    return applied(this.#base, this.#pending.map(({ edit }) => edit));
  }

  get undoable(): boolean {
    return this.#undos.length > 0;
  }

  /** Show a change that is not decided yet; null for none. */
  preview(edit: Edit | null): void {
    this.#preview = edit;
    this.#options.changed();
  }

  /** Make a change; whether it changed anything. */
  commit(edit: Edit): boolean {
    this.#preview = null;
    const before = this.saved.panels;
    const after = edit(before);
    const changes = !sameBoxes(before, after);
    if (changes) {
      const back = undo(before, after);
      this.#undos = [...this.#undos, back].slice(-KEPT_UNDOS);
      this.#send(edit, () => (this.#undos = this.#undos.filter((other) => other !== back)));
    }
    this.#options.changed();
    return changes;
  }

  /** Take the last change of this page back; whether there was one. */
  undo(): boolean {
    const edit = this.#undos.at(-1);
    this.#undos = this.#undos.slice(0, -1);
    if (edit) this.#send(edit, () => (this.#undos = [...this.#undos, edit]));
    this.#options.changed();
    return edit !== undefined;
  }

  /** The hub's value changed. */
  incoming(): void {
    const value = this.#options.current();
    // Nobody takes a value away: a hub without one was started again, and its owner comes back. Until then the panels
    // stay, with what was said and done in them meanwhile.
    if (value === undefined) return;
    this.#base = readLayout(value);
    const text = JSON.stringify(value);
    const arrived = this.#pending.findIndex(({ sent }) => sent === text);
    this.#pending.splice(0, arrived + 1);
    this.#options.changed();
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #send(edit: Edit, refused: () => void): void {
    const pending: Pending = { edit, sent: "" };
    this.#pending.push(pending);
    const value = writtenLayout(this.saved);
    pending.sent = JSON.stringify(value);
    this.#options.send(value).then(
      () => {
        this.#options.failed("");
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          this.#drop(pending);
        }, PUBLICATION_GRACE_MS);
        this.#timers.add(timer);
      },
      (error: unknown) => {
        refused();
        this.#options.failed(error instanceof Error ? error.message : String(error));
        this.#drop(pending);
      },
    );
  }

  #drop(pending: Pending): void {
    const before = this.#pending.length;
    this.#pending = this.#pending.filter((other) => other !== pending);
    if (this.#pending.length < before) this.#options.changed();
  }
}

function applied(base: Layout, edits: readonly Edit[]): Layout {
  return edits.length === 0 ? base : { ...base, panels: edits.reduce<readonly Panel[]>((panels, edit) => edit(panels), base.panels) };
}

/** What takes a change back: places as before, and what it removed; what others did since stays. */
function undo(before: readonly Panel[], after: readonly Panel[]): Edit {
  const left = new Set(after.map(({ id }) => id));
  return (panels) => {
    const there = new Map(panels.map((panel) => [panel.id, panel]));
    const back = before.filter(({ id }) => there.has(id) || !left.has(id)).map((panel) => {
      const { x, y, w, h } = panel;
      return { ...(there.get(panel.id) ?? panel), x, y, w, h };
    });
    const known = new Set(before.map(({ id }) => id));
    const end = bottom(back);
    const others = panels.filter(({ id }) => !known.has(id)).map((panel) => ({ ...panel, y: panel.y + end }));
    return settled([...back, ...others]);
  };
}
