// What can be done with a message: the small bar at the row under the pointer or with the focus.

import type { ChatMessage } from "../connection/types.ts";
import { button, element, focusAround, icon } from "./dom.ts";

/** The set to choose from; what others react with is shown, too. */
export const EMOJI = ["👍", "👎", "❤️", "😂", "🎉", "👀", "✅", "❓"];

export interface ActionContext {
  readonly me: string | null;
  /** Whether the page may say something here. */
  readonly mayTalk: boolean;
  /** Whether it may delete what others said. */
  readonly mayModerate: boolean;
  reply(message: ChatMessage): void;
  edit(message: ChatMessage): void;
  remove(message: ChatMessage): void;
  react(message: ChatMessage, emoji: string, on: boolean): void;
}

export interface ActionBar {
  readonly root: HTMLElement;
  /** Offer what can be done with a message; false when that is nothing. */
  offer(message: ChatMessage): boolean;
}

const SMILE = "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2M5.4 9.4a3 3 0 0 0 5.2 0M6 6.2v.6M10 6.2v.6";
const REPLY = "M6.5 3.5 2.5 7.5l4 4M3 7.5h6a4 4 0 0 1 4 4v1";
const PEN = "M3 13l.6-2.8 7-7 2.2 2.2-7 7zM9.4 4.4l2.2 2.2";
const BIN = "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.9 7v3.8M9.1 7v3.8";
const SURE_MS = 3_000;

export function actionBar(context: () => ActionContext, signal: AbortSignal): ActionBar {
  const root = element("div", { class: "rtw-chat__actions", role: "toolbar", label: "Message" });
  let sure: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(sure), { once: true });

  const act = (path: string, label: string, onPress: () => void) => {
    const made = button({ class: "rtw-chat__action", label }, onPress, signal);
    made.title = label;
    made.append(icon(path));
    return made;
  };

  const chooseEmoji = (message: ChatMessage) => {
    const { me, react } = context();
    const choices = EMOJI.map((emoji) => {
      const mine = me !== null && (message.reactions.get(emoji)?.includes(me) ?? false);
      const choice = button({ class: "rtw-chat__action rtw-chat__action--emoji", label: `React with ${emoji}`, text: emoji }, () => react(message, emoji, !mine), signal);
      choice.setAttribute("aria-pressed", String(mine));
      return choice;
    });
    const before = [...root.children];
    root.append(...choices);
    // First, as who loses the focus loses the bar.
    choices[0]?.focus({ preventScroll: true });
    for (const old of before) old.remove();
  };

  root.addEventListener(
    "keydown",
    (event) => {
      const buttons = [...root.querySelectorAll("button")];
      const at = buttons.indexOf(focusAround(root) as HTMLButtonElement);
      const next = { ArrowRight: at + 1, ArrowLeft: at - 1 }[event.key];
      if (next === undefined || at < 0) return;
      event.preventDefault();
      event.stopPropagation();
      buttons.at(next % buttons.length)?.focus({ preventScroll: true });
    },
    { signal },
  );

  return {
    root,
    offer(message) {
      clearTimeout(sure);
      const { me, mayTalk, mayModerate, reply, edit, remove } = context();
      const own = me !== null && me !== "" && message.user === me;
      const buttons: HTMLElement[] = [];
      if (mayTalk) {
        buttons.push(act(SMILE, "React", () => chooseEmoji(message)), act(REPLY, "Reply", () => reply(message)));
        if (own && !message.command) buttons.push(act(PEN, "Edit", () => edit(message)));
        if (own || mayModerate) {
          const bin = act(BIN, "Delete", () => {
            if (bin.classList.contains("rtw-chat__action--sure")) return remove(message);
            bin.classList.add("rtw-chat__action--sure");
            bin.setAttribute("aria-label", "Delete? Press again");
            bin.append(element("span", { text: "Delete?" }));
            sure = setTimeout(() => {
              bin.classList.remove("rtw-chat__action--sure");
              bin.setAttribute("aria-label", "Delete");
              bin.lastElementChild?.remove();
            }, SURE_MS);
          });
          buttons.push(bin);
        }
      }
      root.replaceChildren(...buttons);
      return buttons.length > 0;
    },
  };
}
