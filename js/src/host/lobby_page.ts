// /: the sessions that a signed-in user may see.

import type { Connection } from "../connection/hub.ts";
import { isObject } from "../feeds/columns.ts";
import { bell } from "../lib/bell.ts";
import { element, names } from "../lib/dom.ts";
import { formatDuration } from "../lib/format.ts";
import { shownName } from "../lib/names.ts";
import { colorsOf } from "../lib/palette.ts";
import { ownNotices } from "../lib/page_notices.ts";
import { entry, type Visit } from "./entry.ts";
import { head } from "./head.ts";
import type { Keep } from "./keep.ts";
import type { Person } from "../lib/faces.ts";
import { faces } from "./people.ts";
import { endedWords, LEFT, NO_SIGN_IN } from "./words.ts";

const REFRESH_MS = 3_000;

export interface ListedSession {
  readonly name: string;
  readonly title: string;
  readonly owner: string;
  readonly role: string;
  readonly createdMs: number;
  readonly members: readonly Person[];
  readonly count: number;
}

export function lobbyPage(stage: HTMLElement, base: URL, keep: Keep, signal: AbortSignal): void {
  document.title = "Sessions";
  entry({ base, keep, stage, session: "", without: NO_SIGN_IN, enter: (visit) => inside(stage, base, keep, visit) }, signal);
}

function inside(stage: HTMLElement, base: URL, keep: Keep, { admission, connection, signal, end }: Visit): void {
  const rings = bell(`.${admission.user}`, () => undefined, signal);
  ownNotices(connection, (feed) => rings.add(feed, signal), signal);
  const top = head({ keep, connection, home: null, middle: [rings.root], leaveLabel: "Sign out", leave: () => end(LEFT) }, signal);
  top.name("Sessions", `signed in as ${shownName(admission.name || admission.user)}`);
  const list = element("div", { class: "rtw-host__sessions", role: "list" });
  const example = element("a", { class: "rtw-host__link", text: "A chat in plain JavaScript" });
  example.href = new URL("examples/chat", base).href;
  const foot = element("footer", { class: "rtw-host__foot" }, "Write your own client: ", example);
  stage.replaceChildren(top.root, element("main", { class: "rtw-host__main" }, list), foot);

  let before = "";
  const look = async (): Promise<void> => {
    const sessions = await ask(connection).catch(() => null);
    if (signal.aborted || sessions === null) return;
    const nowMs = Date.now();
    const now = JSON.stringify([sessions, Math.floor(nowMs / 60_000)]);
    if (now === before) return;
    before = now;
    list.replaceChildren(...(sessions.length > 0 ? sessions.map((session) => listed(session, base, nowMs)) : [nothing()]));
  };
  connection.onStatus(() => {
    const { phase, reason } = connection.status;
    if (phase === "down") end(endedWords(reason ?? "", admission.expiresAtMs, Date.now()));
    else if (phase === "live") void look();
  }, signal);
  const timer = setInterval(() => document.visibilityState === "hidden" || connection.status.phase !== "live" || void look(), REFRESH_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void look(), { signal });
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

async function ask(connection: Connection): Promise<ListedSession[]> {
  return readSessions(await connection.ask("rtwidgets.sessions", {}));
}

/** The answer of `rtwidgets.sessions`, fullest first. */
export function readSessions(answer: unknown): ListedSession[] {
  const sessions = isObject(answer) && Array.isArray(answer.sessions) ? answer.sessions.filter(isObject) : [];
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const number = (value: unknown): number => (typeof value === "number" ? value : 0);
  const read = sessions.map((session) => ({
    name: text(session.name),
    title: text(session.title) || text(session.name),
    owner: text(session.owner_name) || text(session.owner),
    role: text(session.role),
    createdMs: number(session.created_ms),
    members: (Array.isArray(session.members) ? session.members.filter(isObject) : []).map((member) => ({
      user: text(member.user),
      name: text(member.name) || text(member.user),
      clients: number(member.connections),
    })),
    count: number(session.member_count),
  }));
  return read.sort((one, other) => other.count - one.count || one.title.localeCompare(other.title));
}

function listed({ name, title, owner, role, createdMs, members, count }: ListedSession, base: URL, nowMs: number): HTMLElement {
  const link = element("a", { class: "rtw-host__session" });
  link.href = new URL(`s/${encodeURIComponent(name)}`, base).href;
  const there = count === 0 ? "nobody here" : count === 1 ? "1 here" : `${count} here`;
  link.append(
    element("span", { class: "rtw-host__line" }, element("span", { class: "rtw-host__label", text: title }), element("span", { class: "rtw-host__role", text: role })),
    element("span", { class: "rtw-host__address", text: name }),
    names("rtw-host__meta", `by ${shownName(owner)} · opened ${formatDuration(nowMs - createdMs)} ago`),
    element("span", { class: "rtw-host__present" }, element("span", { class: "rtw-host__faces" }, ...faces(members, colorsOf(members.map(({ user }) => user)), 5, count)), element("span", { class: "rtw-host__count", text: there })),
  );
  return element("div", { role: "listitem" }, link);
}

function nothing(): HTMLElement {
  return element(
    "p",
    { class: "rtw-host__said" },
    "There is no session yet. In a notebook: ",
    element("code", { text: 'session = hub.session("morning")' }),
  );
}
