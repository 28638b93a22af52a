// Who moved a control: for a few seconds, near it.

import type { ChangedBy } from "../connection/types.ts";
import { element, setNames } from "./dom.ts";
import { shownName } from "./names.ts";
import type { ColorOf } from "./palette.ts";

const SHOWN_MS = 4_000;

export interface MovedBy {
  readonly root: HTMLElement;
  /** The value is now of this person; told again with the same object nothing happens. */
  tell(by: ChangedBy | null): void;
}

/** What a person who set a value is called; null for nobody one could name. */
export function nameOfSetter(by: ChangedBy | null, me: string | null): string | null {
  const name = by && (by.name || by.user);
  if (!by || !name) return null;
  return by.user === me ? `${shownName(name)} (you)` : shownName(name);
}

/** A chip that says who set the value, whenever somebody does on another connection than the page's. */
export function movedBy(user: () => string | null, client: () => string | null, colors: () => ColorOf, signal: AbortSignal): MovedBy {
  const name = element("span", { class: "rtw-by__name" });
  const root = element("span", { class: "rtw-by", role: "status" }, element("span", { class: "rtw-by__spot" }), name);
  let before: ChangedBy | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (text: string) => {
    root.classList.toggle("rtw-by--shown", text !== "");
    if (text !== "") setNames(name, text);
  };
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return {
    root,
    tell(by) {
      if (by === before) return;
      before = by;
      // What was there before is no news, and what oneself does is seen.
      const who = by?.client ? nameOfSetter(by, user()) : null;
      if (by?.client === client()) return show("");
      if (by === null || who === null) return;
      root.style.setProperty("--face", colors()(by.user));
      show(who);
      clearTimeout(timer);
      timer = setTimeout(() => show(""), SHOWN_MS);
    },
  };
}
