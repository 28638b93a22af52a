// Toasts: what is said to this page's user, for a moment, in a corner of the page.
//
// One stack per document, whatever widgets it shows. It takes no focus and stands still while somebody is at it.

import { button, element, icon, names, setText } from "./dom.ts";
import type { Entry } from "./entry.ts";
import { levelMark, noticeHead } from "./notice_view.ts";
import { followTheme } from "./theme.ts";
import { ToastStack, type Toast } from "./toast_stack.ts";

const CLOSE = "M4.5 4.5l7 7M11.5 4.5l-7 7";

class Toasts {
  readonly #stack = new ToastStack();
  readonly #root = element("section", { class: "rtw rtw-toasts", label: "Notifications" });
  readonly #views = new Map<number, { readonly root: HTMLElement; readonly count: HTMLElement }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sinceMs: number | null = null;

  constructor() {
    const forever = new AbortController().signal;
    document.body.append(this.#root);
    followTheme(this.#root, () => undefined, forever);
    for (const type of ["pointerenter", "pointerleave", "focusin", "focusout"]) this.#root.addEventListener(type, () => this.#look());
    document.addEventListener("visibilitychange", () => this.#look());
  }

  add(entry: Entry): void {
    this.#passed();
    this.#stack.add(entry);
    this.#draw();
    this.#look();
  }

  /** Whether time passes for them: they can be seen, and nobody is at them. */
  get #runs(): boolean {
    return document.visibilityState === "visible" && !this.#root.matches(":hover") && !this.#root.contains(document.activeElement);
  }

  #passed(): void {
    const nowMs = performance.now();
    if (this.#sinceMs !== null) this.#stack.pass(nowMs - this.#sinceMs);
    this.#sinceMs = this.#sinceMs === null ? null : nowMs;
  }

  #look(): void {
    this.#passed();
    this.#draw();
    clearTimeout(this.#timer);
    const { nextMs } = this.#stack;
    this.#sinceMs = this.#runs ? performance.now() : null;
    if (this.#sinceMs !== null && nextMs !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#look(), nextMs + 10);
  }

  #draw(): void {
    const { toasts } = this.#stack;
    const keys = new Set(toasts.map(({ key }) => key));
    for (const [key, { root }] of this.#views) {
      if (keys.has(key)) continue;
      // First, as one that has the focus tells of losing it while it is removed.
      this.#views.delete(key);
      root.remove();
    }
    for (const toast of toasts) {
      let view = this.#views.get(toast.key);
      if (!view) {
        view = this.#build(toast);
        this.#views.set(toast.key, view);
        this.#root.append(view.root);
      }
      setText(view.count, toast.count > 1 ? `${toast.count} times` : "");
    }
    this.#root.hidden = toasts.length === 0;
  }

  #build({ key, entry }: Toast): { root: HTMLElement; count: HTMLElement } {
    const urgent = entry.level === "error" || entry.level === "warning";
    const head = noticeHead(entry);
    const count = element("span", { class: "rtw-toast__count" });
    const close = button({ class: "rtw-toast__close", label: "Dismiss" }, () => this.#dismiss(key), new AbortController().signal);
    close.append(icon(CLOSE));
    const root = element(
      "div",
      { class: "rtw-toast", role: urgent ? "alert" : "status" },
      levelMark(entry.level),
      element("div", { class: "rtw-toast__said" }, ...(head ? [names("rtw-toast__head", head)] : []), element("div", { class: "rtw-toast__text", prose: entry.text }), count),
      close,
    );
    root.dataset.tone = entry.level;
    root.addEventListener("keydown", ({ key: pressed }) => pressed === "Escape" && this.#dismiss(key));
    return { root, count };
  }

  #dismiss(key: number): void {
    const hadFocus = this.#root.contains(document.activeElement);
    this.#stack.dismiss(key);
    this.#draw();
    // Who goes through them by keyboard goes on with the next.
    if (hadFocus) this.#root.querySelector("button")?.focus();
    this.#look();
  }
}

let toasts: Toasts | null = null;

/** Show a toast on this page. */
export function toast(entry: Entry): void {
  toasts ??= new Toasts();
  toasts.add(entry);
}
