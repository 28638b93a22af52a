// Who is there: faces in a row, and all of them by name when asked.

import { button, element, names, setText } from "../lib/dom.ts";
import { face, inOrder, type Person } from "../lib/faces.ts";
import { shownName } from "../lib/names.ts";
import type { ColorOf } from "../lib/palette.ts";
import { panelUnder } from "../lib/popover.ts";

export interface People {
  readonly root: HTMLElement;
  draw(people: readonly Person[], me: string | null, colorOf: ColorOf): void;
}

/** Faces of the first few, and how many there are besides. */
export function faces(people: readonly Person[], colorOf: ColorOf, shown: number, count = people.length): HTMLElement[] {
  const rest = count - Math.min(shown, people.length);
  const more = rest > 0 ? [element("span", { class: "rtw-face rtw-face--more", text: `+${rest}` })] : [];
  return [...people.slice(0, shown).map((person) => face(person, colorOf)), ...more];
}

/** The faces in the head of a session, with a list that opens under them. */
export function peopleButton(signal: AbortSignal): People {
  const row = element("span", { class: "rtw-host__faces" });
  const count = element("span", { class: "rtw-host__count" });
  const list = element("div", { class: "rtw-panel rtw-host__list", role: "list", label: "Members" });
  const panel = panelUnder(row, list, signal);
  const opener = button({ class: "rtw-host__people" }, () => (panel.open ? panel.hide() : panel.show()), signal);
  // Its name is what is in it: what is seen, and what it does.
  opener.append(row, count, element("span", { class: "rtw-unseen", text: ": show who" }));
  const root = element("div", { class: "rtw-host__there" }, opener, list);
  document.addEventListener("pointerdown", ({ target }) => root.contains(target as Node) || panel.hide(), { signal });
  let before = "";
  return {
    root,
    draw(people, me, colorOf) {
      const ordered = inOrder(people, me);
      const now = JSON.stringify([ordered.map((person) => [person, colorOf(person.user)]), me]);
      if (now === before) return;
      before = now;
      row.replaceChildren(...faces(ordered, colorOf, 4));
      setText(count, `${people.length} here`);
      list.replaceChildren(...ordered.map((person) => line(person, me, colorOf)));
    },
  };
}

function line(person: Person, me: string | null, colorOf: ColorOf): HTMLElement {
  const { user, name, role, clients } = person;
  const about = [user === me ? "you" : "", role ?? "", clients > 1 ? `${clients} connections` : ""].filter(Boolean).join(" · ");
  return element(
    "div",
    { class: "rtw-host__person", role: "listitem" },
    face(person, colorOf),
    names("rtw-host__who", shownName(name || user)),
    element("span", { class: "rtw-host__about", text: about }),
  );
}
