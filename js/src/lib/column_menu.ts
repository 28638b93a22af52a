// The menu that chooses a table's columns.

import { button, element, icon } from "./dom.ts";
import { menuKey, ownKeys } from "./keys.ts";
import { panelUnder } from "./popover.ts";

export interface ColumnMenu {
  readonly root: HTMLElement;
}

const CHECK = "M3 8.5 6.5 12 13 4.5";
const COLUMNS = "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10";

/** Build the button and its menu. */
export function columnMenu(
  all: () => readonly string[],
  isShown: (name: string) => boolean,
  toggle: (name: string) => void,
  signal: AbortSignal,
): ColumnMenu {
  const list = element("div", { class: "rtw-panel rtw-columns__menu", role: "menu" });
  ownKeys(list, menuKey, signal);
  const fill = () => {
    list.replaceChildren(
      ...all().map((name) => {
        const item = button({ class: "rtw-columns__item", role: "menuitemcheckbox" }, () => {
          toggle(name);
          item.setAttribute("aria-checked", String(isShown(name)));
        }, signal);
        item.setAttribute("aria-checked", String(isShown(name)));
        item.append(icon(CHECK), element("span", { text: name }));
        return item;
      }),
    );
  };
  const opener = button({ class: "rtw-columns__open", label: "Choose columns" }, () => (panel.open ? close() : open()), signal);
  opener.append(icon(COLUMNS));
  opener.title = "Choose columns";
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  const root = element("div", { class: "rtw-columns" }, opener, list);
  const panel = panelUnder(opener, list, signal);
  const open = () => {
    fill();
    panel.show();
    opener.setAttribute("aria-expanded", "true");
    (list.firstElementChild as HTMLElement | null)?.focus({ preventScroll: true });
  };
  const close = () => {
    panel.hide();
    opener.setAttribute("aria-expanded", "false");
  };
  list.addEventListener(
    "keydown",
    (event) => {
      const items = [...list.children] as HTMLElement[];
      const at = items.indexOf(document.activeElement as HTMLElement);
      const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
      if (next !== undefined) {
        event.preventDefault();
        items.at(next % items.length)?.focus();
      }
      if (event.key === "Escape") {
        close();
        opener.focus({ preventScroll: true });
      }
    },
    { signal },
  );
  document.addEventListener("pointerdown", (event) => root.contains(event.target as Node) || close(), { signal, capture: true });
  return { root };
}
