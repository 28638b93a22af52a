// The form in which somebody with a link says who they are.

import { element, setText } from "../lib/dom.ts";
import { shownName } from "../lib/names.ts";
import { mark } from "./cards.ts";
import { roleWords, type Notice } from "./words.ts";

const MAX_NAME = 40;

export interface SignIn {
  readonly root: HTMLElement;
  /** Say what went wrong; null while it is tried. */
  say(notice: Notice | null, busy: boolean): void;
}

export interface Invited {
  readonly session: string;
  readonly role: string;
}

/** Build the form; `submit` gets the name. */
export function signIn({ session, role }: Invited, name: string, submit: (name: string) => void, signal: AbortSignal): SignIn {
  const input = element("input", { class: "rtw-host__input", label: "Your name" });
  input.maxLength = MAX_NAME;
  input.autocomplete = "name";
  input.placeholder = "Your name";
  input.value = name;
  input.required = true;
  const join = element("button", { class: "rtw-host__join", text: "Join" });
  join.type = "submit";
  const fault = element("p", { class: "rtw-host__fault", role: "alert", hidden: true });
  const form = element("form", { class: "rtw-host__form" }, input, join);
  form.noValidate = true;
  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      submit(input.value.trim());
    },
    { signal },
  );
  const root = element(
    "section",
    { class: "rtw-host__card" },
    mark(),
    element("h1", { class: "rtw-host__heading", text: `Join ${shownName(session)}` }),
    element("p", { class: "rtw-host__text", text: roleWords(role) }),
    form,
    fault,
  );
  return {
    root,
    say(notice, busy) {
      join.disabled = busy;
      setText(join, busy ? "Joining…" : "Join");
      fault.hidden = notice === null;
      setText(fault, notice === null ? "" : `${notice.title}. ${notice.text}`);
      if (!busy && notice !== null) input.focus();
    },
  };
}
