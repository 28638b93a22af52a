// People as round faces with their colour and initials.

import type { Member } from "../connection/types.ts";
import { element } from "./dom.ts";
import { shownName, unmarked } from "./names.ts";
import type { ColorOf } from "./palette.ts";

export type Person = Pick<Member, "user" | "name" | "role" | "guest" | "clients">;

/** Oneself first, then owners, editors, viewers, each by name. */
export function inOrder(people: readonly Person[], me: string | null): Person[] {
  const rank = ({ user, role }: Person): number => (user === me ? 0 : role === "owner" ? 1 : role === "editor" ? 2 : 3);
  return [...people].sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = unmarked(shownName(name)).split(/[\s._-]+/u).filter(Boolean);
  const firsts = (words.length > 1 ? [words[0], words.at(-1)] : words).map((word) => [...(word ?? "")][0] ?? "");
  return firsts.join("").toLocaleUpperCase() || "?";
}

/** A round face with somebody's colour and initials. */
export function face({ user, name }: Person, colorOf: ColorOf): HTMLElement {
  const made = element("span", { class: "rtw-face", text: initials(name || user) });
  made.setAttribute("aria-hidden", "true");
  made.style.setProperty("--face", colorOf(user));
  return made;
}

/** Faces of the first few in a row; their names are in its tooltip, and read aloud. */
export interface FaceRow {
  readonly root: HTMLElement;
  draw(people: readonly Person[], me: string | null, colorOf: ColorOf): void;
}

const SHOWN = 5;

export function faceRow(): FaceRow {
  const root = element("div", { class: "rtw-faces", role: "img", hidden: true });
  let before = "";
  return {
    root,
    draw(people, me, colorOf) {
      const ordered = inOrder(people, me);
      const now = JSON.stringify([ordered.map((person) => [person, colorOf(person.user)]), me]);
      if (now === before) return;
      before = now;
      const names = ordered.map(({ user, name }) => `${shownName(name || user)}${user === me ? " (you)" : ""}`);
      const rest = ordered.length - SHOWN;
      root.hidden = ordered.length === 0;
      root.title = names.join(", ");
      root.setAttribute("aria-label", `${people.length} here: ${names.join(", ")}`);
      root.replaceChildren(...ordered.slice(0, SHOWN).map((person) => face(person, colorOf)), ...(rest > 0 ? [element("span", { class: "rtw-faces__rest", text: `+${rest}` })] : []));
    },
  };
}
