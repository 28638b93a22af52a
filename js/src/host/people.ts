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
  const opener = button({ class: "rtw-host__people" }, () => (panel.open ? panel.hide() : panel.show(() => fill())), signal);
  // Its name is what is in it: what is seen, and what it does.
  opener.append(row, count, element("span", { class: "rtw-unseen", text: ": show who" }));
  const root = element("div", { class: "rtw-host__there" }, opener, list);
  document.addEventListener("pointerdown", ({ target }) => root.contains(target as Node) || panel.hide(), { signal });
  let before = "";
  let fill = (): void => undefined;
  let lines = new Map<string, Line>();
  return {
    root,
    draw(people, me, colorOf) {
      const ordered = inOrder(people, me);
      const shown = ordered.map((person) => JSON.stringify([person, colorOf(person.user), person.user === me]));
      const now = shown.join();
      if (now === before) return;
      before = now;
      row.replaceChildren(...faces(ordered, colorOf, 4));
      setText(count, `${people.length} here`);
      fill = () => {
        const known = lines;
        const lineOf = (person: Person, says: string): Line => {
          const old = known.get(person.user);
          return old?.says === says ? old : { says, root: line(person, me, colorOf) };
        };
        lines = new Map(ordered.map((person, i) => [person.user, lineOf(person, shown[i] ?? "")]));
        list.replaceChildren(...[...lines.values()].map((one) => one.root));
      };
      if (panel.open) fill();
    },
  };
}

/** Somebody in the list: made once, until there is something else to say of them. */
interface Line {
  readonly says: string;
  readonly root: HTMLElement;
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
