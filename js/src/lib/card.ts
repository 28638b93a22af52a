// What every widget looks like from outside: a bordered card with a title, its tools, its state, and what is wrong.

import { cut } from "./cut.ts";
import { element, setProse, setText } from "./dom.ts";
import { followTheme } from "./theme.ts";

export interface CardOptions {
  /** Class of the widget, such as "rtw-chart". */
  readonly class: string;
  readonly title: string;
  /** The state's badge; null where there is no state to show. */
  readonly badge: HTMLElement | null;
  /** One row instead of a head over a body: for controls. */
  readonly inline?: boolean;
  readonly problems?: readonly string[];
  readonly onTheme?: () => void;
}

export interface Card {
  readonly root: HTMLElement;
  /** Where the widget puts itself. */
  readonly body: HTMLElement;
  /** Between title and state: the widget's own buttons and counts. */
  readonly tools: HTMLElement;
  /** Say what is wrong now, or "" when nothing is. */
  notice(text: string): void;
  retitle(text: string): void;
}

const NARROW_PX = 460;
const TIGHT_PX = 300;
const SLIM_PX = 180;
/** What is wrong may name thousands of columns, of somebody's data. */
const MAX_NOTICE = 400;

/** Build the card of one view into the element the host gave. */
export function card(el: HTMLElement, options: CardOptions, signal: AbortSignal): Card {
  const title = element("div", { class: "rtw-head__title" });
  const tools = element("div", { class: "rtw-head__tools" });
  const body = element("div", { class: `rtw-body ${options.class}__body` });
  const fixed = element("div", { class: "rtw-notice", prose: (options.problems ?? []).join(". "), hidden: !options.problems?.length });
  const passing = element("div", { class: "rtw-notice", role: "alert", hidden: true });
  const head = element("div", { class: "rtw-head" }, title, tools, ...(options.badge ? [options.badge] : []));
  const root = options.inline
    ? element("div", { class: `rtw rtw--inline ${options.class}` }, title, body, tools, ...(options.badge ? [options.badge] : []), passing, fixed)
    : element("div", { class: `rtw ${options.class}` }, head, body, passing, fixed);
  root.setAttribute("role", "group");
  const retitle = (text: string) => {
    setText(title, text);
    title.title = text;
    title.hidden = text === "";
    if (text) root.setAttribute("aria-label", text);
    else root.removeAttribute("aria-label");
  };
  retitle(options.title);
  el.replaceChildren(root);
  signal.addEventListener("abort", () => root.remove(), { once: true });
  const narrow = new ResizeObserver(() => {
    root.classList.toggle("rtw--narrow", root.clientWidth < NARROW_PX);
    root.classList.toggle("rtw--tight", root.clientWidth < TIGHT_PX);
    root.classList.toggle("rtw--slim", root.clientWidth < SLIM_PX);
  });
  narrow.observe(root);
  signal.addEventListener("abort", () => narrow.disconnect(), { once: true });
  followTheme(root, options.onTheme ?? (() => {}), signal);
  return {
    root,
    body,
    tools,
    notice(text) {
      passing.hidden = text === "";
      setProse(passing, cut(text, MAX_NOTICE));
    },
    retitle,
  };
}
