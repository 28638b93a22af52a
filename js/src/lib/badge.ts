// The status badge every widget has: a dot, the state, the age of the data; details on hover and focus.

import type { FeedStatus } from "../connection/types.ts";
import { RemoteClock } from "./clock.ts";
import { element, icon, setText } from "./dom.ts";
import type { Link } from "./link.ts";
import { panelUnder } from "./popover.ts";
import type { Redraws } from "./redraws.ts";
import { describeStatus, statusDetails } from "./status.ts";

export interface BadgeSource {
  readonly link: Link;
  readonly channel: string;
  /** Whether the age of the data says something: yes for a flow, no for a control or a chat. */
  readonly showAge: boolean;
  /** More for the details, as label and text. */
  readonly details?: () => [label: string, text: string][];
  /** Why its user may only look, or "". */
  readonly locked?: () => string;
  /** What changes the two above. */
  readonly redraws?: Redraws;
}

/** Of what can be seen and not used. */
export const LOCK = "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5";

const REFRESH_MS = 500;

/** Build the badge; it keeps itself up to date. */
export function statusBadge(source: BadgeSource, signal: AbortSignal): HTMLElement {
  const state = element("span", { class: "rtw-status__state" });
  const age = element("span", { class: "rtw-status__age" });
  // A name that changes all the time is read all the time.
  age.setAttribute("aria-hidden", "true");
  const role = element("span", { class: "rtw-unseen", text: "Status details: " });
  const lock = element("span", { class: "rtw-status__lock", hidden: true }, icon(LOCK));
  const face = element("button", { class: "rtw-status__face" }, element("span", { class: "rtw-status__dot" }), lock, role, state, age);
  face.type = "button";
  // Read aloud when the state changes; the age would never stop talking.
  const spoken = element("span", { class: "rtw-unseen", role: "status" });
  // Plain elements: hosts style definition lists their own way.
  const details = element("div", { class: "rtw-panel rtw-status__details" });
  const root = element("div", { class: "rtw-status" }, face, spoken, details);
  const panel = panelUnder(face, details, signal);

  const hubClock = new RemoteClock();
  let lastTimeMs: number | null = null;
  const ageMs = (feed: FeedStatus | null, nowMs: number): number | null => {
    if (feed?.lastTimeMs == null) return null;
    if (feed.lastTimeMs !== lastTimeMs) {
      // The first may be from a snapshot, and a late one has a larger lag, which the clock ignores.
      if (lastTimeMs !== null) hubClock.observe(feed.lastTimeMs, nowMs);
      lastTimeMs = feed.lastTimeMs;
    }
    return Math.max(0, hubClock.now(nowMs) - feed.lastTimeMs);
  };

  const refresh = () => {
    const nowMs = Date.now();
    const { link } = source;
    const { savedAtMs } = link;
    const connection = link.connection?.status ?? null;
    const feed = (savedAtMs === null ? link.feed : link.coming)?.status ?? null;
    const dataAgeMs = ageMs(feed, nowMs);
    const shown = describeStatus({
      connection,
      withoutSinceMs: link.withoutSinceMs,
      feed,
      ageMs: source.showAge ? dataAgeMs : null,
      nowMs,
      savedAtMs,
      absent: link.absence.state,
    });
    const why = source.locked?.() ?? "";
    const words = why && shown.tone === "live" ? "view only" : shown.state;
    root.dataset.tone = shown.tone;
    // Of a dashboard's panels each would say the same.
    root.classList.toggle("rtw-status--hub", shown.tone !== "saved" && connection?.phase !== "live");
    lock.hidden = why === "";
    root.classList.toggle("rtw-status--locked", why !== "");
    setText(state, words);
    setText(age, shown.age);
    setText(spoken, words);
    if (!panel.open) return;
    const saved = savedAtMs === null ? null : { atMs: savedAtMs, wayOut: link.absence.wayOut };
    details.replaceChildren(
      ...(why ? [element("span", { class: "rtw-status__why", text: why })] : []),
      ...[...statusDetails(source.channel, connection, feed, dataAgeMs, saved), ...(source.details?.() ?? [])].flatMap(([label, text]) => [
        element("span", { class: "rtw-status__label", text: label }),
        element("span", { class: "rtw-status__text", text }),
      ]),
    );
  };

  const open = () => panel.show(refresh);
  face.addEventListener("pointerenter", open, { signal });
  face.addEventListener("focus", open, { signal });
  face.addEventListener("pointerleave", () => panel.hide(), { signal });
  face.addEventListener("blur", () => panel.hide(), { signal });
  const timer = setInterval(() => document.visibilityState === "hidden" || refresh(), REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  source.link.onChange(refresh, signal);
  source.redraws?.add(refresh, signal);
  refresh();
  return root;
}
