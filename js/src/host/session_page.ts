// /s/<session>: a shared live session without Jupyter.

import type { Want } from "../connection/types.ts";
import { isObject } from "../feeds/columns.ts";
import { bell } from "../lib/bell.ts";
import { element, setText } from "../lib/dom.ts";
import { shownName } from "../lib/names.ts";
import { colorsOf } from "../lib/palette.ts";
import { ownNotices, showAsToasts } from "../lib/page_notices.ts";
import { entry, type Visit } from "./entry.ts";
import { head } from "./head.ts";
import type { Keep } from "./keep.ts";
import { showDashboard } from "./panels.ts";
import { peopleButton } from "./people.ts";
import { ENDED, endedWords, LEFT, NO_LINK } from "./words.ts";

/** These are always wanted, in sight or not: the head tells of them. */
const ALWAYS: Want = { maxHz: 60, visible: true, onChange: () => undefined };

/** The session that a page's address names. */
export function sessionOf(pathname: string): string {
  const last = pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

export function sessionPage(stage: HTMLElement, base: URL, keep: Keep, signal: AbortSignal): void {
  const session = sessionOf(location.pathname);
  document.title = session;
  entry({ base, keep, stage, session, without: NO_LINK, enter: (visit) => inside(stage, base, keep, session, visit) }, signal);
}

function inside(stage: HTMLElement, base: URL, keep: Keep, session: string, { admission, connection, signal, end }: Visit): void {
  const people = peopleButton(signal);
  const about = connection.value(`value:${session}/rtwidgets.session`, ALWAYS, signal);
  const layout = connection.value(`value:${session}/dashboard`, ALWAYS, signal);
  const crowd = connection.event(`event:${session}/rtwidgets.members`, ALWAYS, signal);
  const home = admission.session === "" ? base.href : null;
  const notices = `event:${session}/notices`;
  const rings = bell(`${session}.${admission.user}`, () => undefined, signal);
  showAsToasts(connection, notices, signal);
  rings.add(connection.event(notices, ALWAYS, signal), signal);
  ownNotices(connection, (feed) => rings.add(feed, signal), signal);
  const top = head({ keep, connection, home, middle: [people.root, rings.root], leaveLabel: "Leave", leave: () => end(LEFT) }, signal);
  const said = element("div", { class: "rtw-host__said", hidden: true });
  const panels = element("div", { class: "rtw-host__dashboard" });
  stage.replaceChildren(top.root, element("main", { class: "rtw-host__main" }, said, panels));
  showDashboard(session, layout, panels, signal);

  const refresh = (): void => {
    const { phase, reason } = connection.status;
    if (phase === "down") return end(endedWords(reason ?? "", admission.expiresAtMs, Date.now()));
    const says = isObject(about.value) ? about.value : null;
    const text = (value: unknown): string => (typeof value === "string" ? value : "");
    const owner = text(says?.owner_name) || text(says?.owner);
    const mine = crowd.members.find(({ user }) => user === admission.user)?.role ?? admission.role;
    const sub = [owner ? `by ${shownName(owner)}` : "", mine ? `you are ${mine === "viewer" ? "a" : "an"} ${mine}` : ""].filter(Boolean);
    top.name(text(says?.title) || session, sub.join(" · "));
    // One title is enough where both are the same.
    const shown = isObject(layout.value) ? text(layout.value.title) : "";
    panels.classList.toggle("rtw-host__dashboard--named", shown === "" || shown === (text(says?.title) || session));
    people.draw(crowd.members, admission.user, colorsOf(connection.present(crowd.channel)));
    const notice = whatIsMissing(about.status.phase, about.has, says !== null, layout.has);
    said.hidden = notice === "";
    setText(said, notice);
  };
  connection.onStatus(refresh, signal);
  for (const feed of [about, layout, crowd]) feed.onStatus(refresh, signal);
  about.onChange(refresh, signal);
  layout.onChange(refresh, signal);
  crowd.onChange(refresh, signal);
  // The hub ends the connection a little later; the page need not wait for it.
  const timer = setTimeout(refreshAtEnd, Math.min(admission.expiresAtMs - Date.now(), 2 ** 31 - 1));
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  function refreshAtEnd(): void {
    if (admission.expiresAtMs <= Date.now()) end(endedWords(ENDED, admission.expiresAtMs, Date.now()));
  }
  refresh();
}

/** Why there is nothing to see; empty when there is. */
export function whatIsMissing(phase: "waiting" | "live" | "refused", has: boolean, exists: boolean, hasLayout: boolean): string {
  if (phase === "refused") return "Your link is not for this session.";
  if (phase === "waiting" && !has) return "";
  if (has && !exists) return "This session has ended.";
  if (!exists) return "This session is not there now. It comes back when its owner's notebook runs again.";
  return hasLayout ? "" : "Nothing is shown here yet. It appears as soon as an owner shares a dashboard: session.dashboard([…]).";
}
