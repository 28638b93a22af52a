// The head of a page: what it shows, who is there, how the hub is, how it looks, and the way out.

import type { Connection } from "../connection/hub.ts";
import { button, element, icon, setNames, setText } from "../lib/dom.ts";
import { mark } from "./cards.ts";
import type { Keep } from "./keep.ts";
import { lookButton } from "./look.ts";

const LEAVE = "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6";

export interface Head {
  readonly root: HTMLElement;
  name(title: string, sub: string): void;
}

export interface HeadOptions {
  readonly keep: Keep;
  readonly connection: Connection;
  /** The lobby's address, for who may see it. */
  readonly home: string | null;
  /** Between the names and the state. */
  readonly middle: readonly HTMLElement[];
  readonly leaveLabel: string;
  leave(): void;
}

export function head(options: HeadOptions, signal: AbortSignal): Head {
  const title = element("h1", { class: "rtw-host__title" });
  const sub = element("div", { class: "rtw-host__sub" });
  const state = element("span", { class: "rtw-host__word" });
  const dot = element("span", { class: "rtw-status__dot" });
  const status = element("div", { class: "rtw-host__state", role: "status" }, dot, state);
  const leave = button({ class: "rtw-host__tool", label: options.leaveLabel }, options.leave, signal);
  leave.title = options.leaveLabel;
  leave.append(icon(LEAVE));

  let start: HTMLElement = mark();
  if (options.home !== null) {
    const home = element("a", { class: "rtw-host__home", label: "All sessions" }, start);
    home.href = options.home;
    home.title = "All sessions";
    start = home;
  }
  const root = element(
    "header",
    { class: "rtw-host__head" },
    start,
    element("div", { class: "rtw-host__names" }, title, sub),
    element("div", { class: "rtw-host__side" }, ...options.middle, status, lookButton(options.keep, signal), leave),
  );

  const refresh = (): void => {
    const { phase, reason } = options.connection.status;
    status.dataset.tone = phase === "live" ? "live" : phase === "connecting" ? "waiting" : "down";
    setText(state, phase === "live" ? "live" : (reason ?? "connecting…"));
  };
  options.connection.onStatus(refresh, signal);
  refresh();
  return {
    root,
    name(shown, about) {
      setText(title, shown);
      title.title = shown;
      setNames(sub, about);
      document.title = shown;
    },
  };
}
