// The line to say something: what it answers or edits, what completes it, how much fits.

import type { ChatMessage } from "../connection/types.ts";
import { authorOf } from "./chat_message.ts";
import { completing } from "./completion.ts";
import { completionMenu, type Choice } from "./completion_menu.ts";
import { cut, MAX_LINE } from "./cut.ts";
import { button, element, focusAround, icon, setNames, setText } from "./dom.ts";
import { ownKeys, typingKey } from "./keys.ts";
import { plainText } from "./markdown.ts";
import { showsSomething } from "./names.ts";

/** What a text box holds, kept with the conversation. */
export interface Draft {
  text: string;
  reply: ChatMessage | null;
  edit: ChatMessage | null;
}

export interface ComposeContext {
  readonly draft: Draft;
  readonly label: string;
  /** Why nothing can be said here; null when something can. */
  readonly closed: string | null;
  readonly commands: boolean;
  mentions(typed: string): Choice[];
  slashes(typed: string): Choice[];
  /** What a line that calls a command still needs, or "". */
  hint(text: string): string;
  /** Whether a line calls a command as it stands, and needs no completing. */
  complete(text: string): boolean;
  /** Say it; why it can't be said, or null. */
  submit(text: string): string | null;
  typed(): void;
  editLast(): void;
  toLog(): void;
}

export interface Compose {
  readonly root: HTMLElement;
  /** Say who is typing, or "". */
  typing(text: string): void;
  /** Show the draft of the context as it is now. */
  refresh(): void;
  focus(): void;
}

export const MAX_TEXT = 16_384;
/** From here on the reader sees how much still fits. */
const COUNTED = MAX_TEXT - 500;
const LONGEST_PX = 160;
const SEND = "M2.5 8h10M8.5 3.5 13 8l-4.5 4.5";
const CLOSE = "M4 4l8 8M12 4l-8 8";

export function compose(context: () => ComposeContext, signal: AbortSignal): Compose {
  const input = element("textarea", { class: "rtw-chat__input" });
  input.rows = 1;
  ownKeys(input, typingKey, signal);
  const about = element("span", { class: "rtw-chat__about" });
  const close = button({ class: "rtw-chat__close", label: "Never mind" }, () => leave(), signal);
  close.append(icon(CLOSE));
  const banner = element("div", { class: "rtw-chat__banner", hidden: true }, about, close);
  const note = element("div", { class: "rtw-chat__note", role: "status", hidden: true });
  const typing = element("div", { class: "rtw-chat__typing" });
  const post = button({ class: "rtw-chat__post", label: "Send" }, () => submit(), signal);
  post.append(icon(SEND));
  const menu = completionMenu(input, (choice) => complete(choice), signal);
  const row = element("div", { class: "rtw-chat__line" }, input, post);
  const root = element("div", { class: "rtw-chat__compose" }, menu.root, typing, note, banner, row);

  /** Why the line was not taken, until it is changed. */
  let refused = "";
  /** The menu was sent away; it comes again with the next letter. */
  let isDismissed = false;

  const say = (text: string, bad: boolean) => {
    note.hidden = text === "";
    // It stands in the same place, which so keeps its height.
    typing.hidden = !note.hidden;
    setText(note, text);
    note.classList.toggle("rtw-chat__note--bad", bad);
  };
  const fit = () => {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight + 2, LONGEST_PX)}px`;
  };
  const look = () => {
    const { draft, closed, commands, mentions, slashes, hint } = context();
    const length = [...draft.text].length;
    post.disabled = !showsSomething(draft.text) || length > MAX_TEXT || closed !== null;
    if (refused !== "") say(refused, true);
    else if (closed !== null) say(closed, false);
    else if (length > COUNTED) say(`${length.toLocaleString("en-US")} of ${MAX_TEXT.toLocaleString("en-US")} characters`, length > MAX_TEXT);
    else say(hint(draft.text), false);
    const at = input.selectionStart === input.selectionEnd ? completing(input.value.slice(0, input.selectionStart), commands) : null;
    if (!at || isDismissed || focusAround(input) !== input) return menu.hide();
    const choices = at.kind === "command" ? slashes(at.typed) : mentions(at.typed);
    menu.show(choices, at.kind === "command" ? "Commands" : "People");
  };
  const refresh = () => {
    const { draft, label, closed } = context();
    if (input.value !== draft.text) input.value = draft.text;
    input.setAttribute("aria-label", `Message to ${label}`);
    input.placeholder = cut(`Message ${label}`, MAX_LINE);
    input.readOnly = closed !== null;
    const { reply, edit } = draft;
    banner.hidden = reply === null && edit === null;
    setNames(about, edit ? "Editing your message" : reply ? `Reply to ${authorOf(reply)}: ${plainText(reply.text).slice(0, 120)}` : "");
    post.setAttribute("aria-label", edit ? "Save" : "Send");
    fit();
    look();
  };
  const leave = () => {
    const { draft } = context();
    if (draft.edit) draft.text = "";
    refused = "";
    draft.reply = draft.edit = null;
    refresh();
    input.focus({ preventScroll: true });
  };
  const submit = () => {
    if (post.disabled) return;
    const { draft } = context();
    const problem = context().submit(draft.text.trim());
    if (problem !== null) {
      refused = problem;
      return look();
    }
    draft.text = "";
    draft.reply = draft.edit = null;
    menu.hide();
    refresh();
  };
  const complete = ({ insert }: Choice) => {
    const { draft, commands } = context();
    const caret = input.selectionStart;
    const at = completing(input.value.slice(0, caret), commands);
    if (!at) return;
    const before = `${input.value.slice(0, at.start)}${insert} `;
    draft.text = input.value = before + input.value.slice(caret).trimStart();
    refused = "";
    input.setSelectionRange(before.length, before.length);
    menu.hide();
    fit();
    look();
  };

  input.addEventListener(
    "input",
    () => {
      context().draft.text = input.value;
      refused = "";
      isDismissed = false;
      if (input.value.trim() !== "") context().typed();
      fit();
      look();
    },
    { signal },
  );
  for (const type of ["click", "keyup"]) input.addEventListener(type, (event) => (event as KeyboardEvent).key !== "Escape" && look(), { signal });
  input.addEventListener("blur", () => menu.hide(), { signal });
  input.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && menu.open && context().complete(input.value.trim())) menu.hide();
      if (menu.key(event)) {
        isDismissed = event.key === "Escape";
        return;
      }
      const { draft, editLast, toLog } = context();
      const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
      // An unfinished composition ends with Enter too.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        submit();
      } else if (event.key === "Escape" && (draft.reply || draft.edit)) {
        event.stopPropagation();
        leave();
      } else if (event.key === "ArrowUp" && plain && input.value === "") {
        event.preventDefault();
        editLast();
      } else if (event.key === "PageUp" && plain && input.value === "") {
        event.preventDefault();
        toLog();
      }
    },
    { signal },
  );
  return { root, refresh, typing: (text) => setNames(typing, text), focus: () => input.focus({ preventScroll: true }) };
}
