// The list over a text box that completes what is typed there.

import { element, names } from "./dom.ts";

export interface Choice {
  /** What stands in the text when it is chosen. */
  readonly insert: string;
  readonly name: string;
  readonly hint: string;
  /** A CSS colour of our own for the spot before it, or null. */
  readonly color: string | null;
}

export interface CompletionMenu {
  readonly root: HTMLElement;
  readonly open: boolean;
  show(choices: readonly Choice[], label: string): void;
  hide(): void;
  /** Take a key of the text box; true when it was for the menu. */
  key(event: KeyboardEvent): boolean;
}

export function completionMenu(input: HTMLTextAreaElement, choose: (choice: Choice) => void, signal: AbortSignal): CompletionMenu {
  const root = element("div", { class: "rtw-chat__menu", role: "listbox", hidden: true });
  let choices: readonly Choice[] = [];
  let at = 0;
  input.setAttribute("aria-autocomplete", "list");

  const mark = () => {
    [...root.children].forEach((option, i) => {
      option.setAttribute("aria-selected", String(i === at));
      if (i !== at) return;
      option.scrollIntoView({ block: "nearest" });
      // By element and not by id: ids belong to the whole page.
      if ("ariaActiveDescendantElement" in input) input.ariaActiveDescendantElement = option;
    });
  };
  const menu: CompletionMenu = {
    root,
    get open() {
      return !root.hidden;
    },
    show(now, label) {
      if (now.length === 0) return menu.hide();
      const before = choices[at]?.insert;
      choices = now;
      at = Math.max(0, now.findIndex(({ insert }) => insert === before));
      root.setAttribute("aria-label", label);
      root.replaceChildren(
        ...now.map((choice) => {
          const spot = element("span", { class: "rtw-chat__spot" });
          if (choice.color) spot.style.setProperty("--face", choice.color);
          else spot.hidden = true;
          const option = element("div", { class: "rtw-chat__choice", role: "option" }, spot, names("rtw-chat__choice-name", choice.name), element("span", { class: "rtw-chat__choice-hint", text: choice.hint }));
          // The text box keeps the focus.
          option.addEventListener("pointerdown", (event) => event.preventDefault(), { signal });
          option.addEventListener("click", () => choose(choice), { signal });
          return option;
        }),
      );
      root.hidden = false;
      mark();
    },
    hide() {
      root.hidden = true;
      choices = [];
      at = 0;
      if ("ariaActiveDescendantElement" in input) input.ariaActiveDescendantElement = null;
    },
    key(event) {
      if (root.hidden || event.isComposing) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) {
        at = (at + step + choices.length) % choices.length;
        mark();
      } else if (event.key === "Escape") {
        menu.hide();
      } else if (event.key === "Tab" || event.key === "Enter") {
        const chosen = choices[at];
        if (chosen) choose(chosen);
      } else {
        return false;
      }
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
  return menu;
}
