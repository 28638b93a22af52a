// Who is in a chat, as chips.

import type { Member } from "../connection/types.ts";
import { element } from "./dom.ts";
import { shownName } from "./names.ts";
import { colorOfName } from "./palette.ts";

const SHOWN = 6;

export interface MemberChips {
  readonly root: HTMLElement;
  draw(members: readonly Member[], me: string | null): void;
}

/** Oneself first, the rest by name: places do not change with each join. */
export function orderedMembers(members: readonly Member[], me: string | null): Member[] {
  return [...members].sort((a, b) => Number(b.user === me) - Number(a.user === me) || (a.name || a.user).localeCompare(b.name || b.user));
}

export function memberChips(): MemberChips {
  const root = element("div", { class: "rtw-chat__members", role: "list" });
  let before = "";
  return {
    root,
    draw(members, me) {
      const ordered = orderedMembers(members, me);
      const now = JSON.stringify([ordered, me]);
      if (now === before) return;
      before = now;
      root.setAttribute("aria-label", `${members.length} here`);
      const chips = ordered.slice(0, SHOWN).map(({ user, name, clients }) => {
        const who = shownName(name || user);
        const chip = element("span", { class: "rtw-chat__member", role: "listitem" }, element("span", { class: "rtw-chat__spot" }), element("span", { class: "rtw-chat__who", text: who }));
        chip.style.setProperty("--face", colorOfName(user));
        chip.title = `${who}${user === me ? " (you)" : ""}${clients > 1 ? `, ${clients} pages` : ""}`;
        return chip;
      });
      const rest = members.length - chips.length;
      const count = element("span", { class: "rtw-chat__here", text: rest > 0 ? `+${rest}` : "" });
      root.replaceChildren(...chips, ...(rest > 0 ? [count] : []));
    },
  };
}
