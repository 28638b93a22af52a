// The head of a saved file: what it is, of when, and the way to what is live.

import { element, setText } from "../lib/dom.ts";
import { formatDuration } from "../lib/format.ts";
import { ownKeys, typingKey } from "../lib/keys.ts";
import { moment } from "../lib/status.ts";
import type { Contents } from "./contents.ts";

export interface Head {
  readonly root: HTMLElement;
  /** Offer to come in with a name. */
  askName(come: (name: string) => void): void;
  /** Offer the hub's own page of the session. */
  offerPage(): void;
  /** It is live now. */
  live(): void;
  say(text: string): void;
}

const REFRESH_MS = 10_000;

export function fileHead({ title, atMs, hub }: Contents, signal: AbortSignal): Head {
  const age = element("span", { class: "rtw-file__age" });
  const ways = element("div", { class: "rtw-file__live" });
  const said = element("div", { class: "rtw-file__said", role: "status" });
  const root = element("header", { class: "rtw-file__head" }, element("h1", { class: "rtw-file__title", text: title }), age, ways, said);
  let isLive = false;
  const refresh = (): void => {
    const nowMs = Date.now();
    setText(age, isLive ? "live" : `as of ${moment(atMs, nowMs)}, ${formatDuration(Math.max(0, nowMs - atMs))} ago`);
  };
  const timer = setInterval(refresh, REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  refresh();
  return {
    root,
    askName(come) {
      const input = element("input", { class: "rtw-file__name", label: "Your name" });
      input.placeholder = "Your name";
      input.maxLength = 40;
      ownKeys(input, typingKey, signal);
      const press = element("button", { class: "rtw-file__do", text: "Go live" });
      const form = element("form", { class: "rtw-file__live" }, input, press);
      form.addEventListener(
        "submit",
        (event) => {
          event.preventDefault();
          if (input.value.trim() !== "") come(input.value.trim());
        },
        { signal },
      );
      ways.replaceChildren(form);
    },
    offerPage() {
      if (hub === null) return;
      const link = element("a", { class: "rtw-file__do", text: "Open live" });
      link.href = hub.page.href;
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      ways.replaceChildren(link);
    },
    live() {
      isLive = true;
      ways.replaceChildren();
      setText(said, "");
      refresh();
    },
    say(text) {
      setText(said, text);
      if (text !== "") isLive = false;
      refresh();
    },
  };
}
