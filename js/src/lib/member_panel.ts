// Who is in a chat, as faces; under them the list to write to one of them alone.

import type { Member } from "../connection/types.ts";
import { orderedMembers } from "./chat_names.ts";
import { button, element, focusAround, names, setText } from "./dom.ts";
import { initials } from "./faces.ts";
import { menuKey, ownKeys } from "./keys.ts";
import { shownName } from "./names.ts";
import { colorsOf, type ColorOf } from "./palette.ts";
import { panelUnder } from "./popover.ts";

const FACES = 4;

/** Somebody to write to: a member, or a partner who is away. */
export interface Person {
  readonly user: string;
  readonly name: string;
  readonly here: boolean;
  readonly pages: number;
  readonly unread: boolean;
  /** Whether there can be a conversation of the two. */
  readonly open: boolean;
}

export interface MemberPanel {
  readonly root: HTMLElement;
  draw(people: readonly Person[], me: string | null, colorOf: ColorOf): void;
}

/** Members and those one has written with, as people. */
export function peopleOf(members: readonly Member[], partners: ReadonlyMap<string, boolean>, me: string | null, name: (user: string) => string, canWrite: (user: string) => boolean): Person[] {
  const here = orderedMembers(members, me).map(({ user, name: own, clients }) => ({
    user,
    name: shownName(own || user),
    here: true,
    pages: clients,
    unread: partners.get(user) ?? false,
    open: user !== me && canWrite(user),
  }));
  const known = new Set(here.map(({ user }) => user));
  const away = [...partners].filter(([user]) => !known.has(user) && user !== me);
  return [...here, ...away.map(([user, unread]) => ({ user, name: name(user), here: false, pages: 0, unread, open: canWrite(user) }))];
}

export function memberPanel(choose: (user: string) => void, signal: AbortSignal): MemberPanel {
  const faces = element("span", { class: "rtw-chat__faces" });
  const count = element("span", { class: "rtw-chat__here" });
  const dot = element("span", { class: "rtw-chat__unread", hidden: true });
  // Its name is what it shows, and more.
  const more = element("span", { class: "rtw-unseen" });
  const opener = button({ class: "rtw-chat__people" }, () => (panel.open ? close() : open()), signal);
  opener.append(faces, count, more, dot);
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  const list = element("div", { class: "rtw-panel rtw-chat__people-list", role: "menu", label: "People" });
  ownKeys(list, menuKey, signal);
  const root = element("div", { class: "rtw-chat__people-box" }, opener, list);
  const panel = panelUnder(opener, list, signal);
  let people: readonly Person[] = [];
  let me: string | null = null;
  let before = "";
  let colorOf: ColorOf = colorsOf([]);

  const items = () => [...list.querySelectorAll<HTMLElement>("button")];
  const fill = () => {
    list.replaceChildren(
      ...people.map((person) => {
        const spot = faceOf(person, colorOf);
        const name = names("rtw-chat__who", person.name);
        const more = person.user === me ? "you" : !person.here ? "away" : person.pages > 1 ? `${person.pages} pages` : "";
        const unread = element("span", { class: "rtw-chat__unread", hidden: !person.unread });
        // Its name is what it shows, and more.
        const rest = element("span", { class: "rtw-unseen", text: `${person.unread ? ", unread" : ""}${person.open ? ": write to them alone" : ""}` });
        const item = button({ class: "rtw-chat__person", role: "menuitem" }, () => {
          close();
          choose(person.user);
        }, signal);
        item.disabled = !person.open;
        item.append(spot, name, element("span", { class: "rtw-chat__more", text: more }), unread, rest);
        item.title = person.open ? `Write to ${person.name} alone` : person.name;
        return item;
      }),
    );
  };
  const open = () => {
    fill();
    panel.show();
    opener.setAttribute("aria-expanded", "true");
    items().find((item) => !(item as HTMLButtonElement).disabled)?.focus({ preventScroll: true });
  };
  const close = () => {
    panel.hide();
    opener.setAttribute("aria-expanded", "false");
  };
  list.addEventListener(
    "keydown",
    (event) => {
      const choices = items().filter((item) => !(item as HTMLButtonElement).disabled);
      const at = choices.indexOf(focusAround(list) as HTMLElement);
      const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: choices.length - 1 }[event.key];
      if (next !== undefined && choices.length > 0) {
        event.preventDefault();
        choices.at(next % choices.length)?.focus({ preventScroll: true });
      }
      if (event.key === "Escape") {
        close();
        opener.focus({ preventScroll: true });
      }
    },
    { signal },
  );
  document.addEventListener("pointerdown", (event) => root.contains(event.target as Node) || close(), { signal, capture: true });

  return {
    root,
    draw(now, user, colors) {
      const shown = JSON.stringify([now.map((person) => [person, colors(person.user)]), user]);
      if (shown === before) return;
      before = shown;
      people = now;
      me = user;
      colorOf = colors;
      const here = people.filter((person) => person.here);
      const unread = people.some((person) => person.unread);
      faces.replaceChildren(...here.slice(0, FACES).map((person) => faceOf(person, colorOf)));
      setText(count, String(here.length));
      dot.hidden = !unread;
      opener.hidden = people.length === 0;
      const called = here.slice(0, 8).map((person) => person.name);
      opener.title = `Here: ${called.join(", ")}${here.length > called.length ? ` and ${here.length - called.length} more` : ""}`;
      setText(more, ` here${unread ? ", unread messages for you alone" : ""}`);
      // Not under the reader's fingers.
      if (panel.open && !list.contains(focusAround(list))) fill();
    },
  };
}

function faceOf({ user, name, here }: Person, colorOf: ColorOf): HTMLElement {
  const face = element("span", { class: `rtw-chat__face rtw-chat__face--small${here ? "" : " rtw-chat__face--away"}`, text: initials(name) });
  face.style.setProperty("--face", colorOf(user));
  face.setAttribute("aria-hidden", "true");
  return face;
}
