// The keyboard in a list of rows: arrows go from one to the next, Enter to what can be done with it.

export interface RowKeys {
  readonly bar: HTMLElement;
  /** Escape on a row. */
  leave(): void;
  act(row: HTMLElement, what: "reply" | "edit"): void;
}

export function rowKeys(root: HTMLElement, list: HTMLElement, { bar, leave, act }: RowKeys, signal: AbortSignal): void {
  root.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { target, key } = event;
      const rows = () => [...list.querySelectorAll<HTMLElement>(".rtw-chat__row")];
      const row = (target as Element).closest<HTMLElement>(".rtw-chat__row");
      const handled = () => {
        event.preventDefault();
        event.stopPropagation();
      };
      if (!row) {
        if (key !== "ArrowUp" && key !== "ArrowDown") return;
        const inSight = rows().filter((other) => other.getBoundingClientRect().top < root.getBoundingClientRect().bottom);
        inSight.at(-1)?.focus();
        handled();
      } else if (key === "Escape") {
        if (target === row) leave();
        else row.focus({ preventScroll: true });
        handled();
      } else if (target !== row) {
        return;
      } else if (key === "Enter") {
        bar.querySelector("button")?.focus({ preventScroll: true });
        handled();
      } else if (key === "r" || key === "e") {
        act(row, key === "r" ? "reply" : "edit");
        handled();
      } else {
        const all = rows();
        const at = all.indexOf(row);
        const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[key];
        if (next === undefined) return;
        const to = all[Math.max(0, Math.min(next, all.length - 1))];
        to?.focus({ preventScroll: true });
        to?.scrollIntoView({ block: "nearest" });
        handled();
      }
    },
    { signal },
  );
}
