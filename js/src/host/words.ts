// What goes wrong on the hub's page, in words.

/** The connection's own texts, by which the page knows what to show in their place. */
export const REVOKED = "your access was revoked";
export const ENDED = "your access has ended";

/** What is shown in place of a session. */
export interface Notice {
  readonly title: string;
  readonly text: string;
  /** Whether it may be better later: the page tries again. */
  readonly passing?: boolean;
  /** Whether what the tab has kept is of no use any more. */
  readonly final?: boolean;
}

/** Why `POST /api/join` lets nobody in. */
export interface Refusal {
  /** "invalid", "expired" and the like; "away" where no hub answered. */
  readonly reason: string;
  /** The hub's own words. */
  readonly message: string;
  readonly expiredAtMs: number | null;
}

export const NO_LINK: Notice = {
  title: "You need a link to come in",
  text: "Ask whoever runs this session for a link. In the notebook it is made with session.share().",
};

export const NO_SIGN_IN: Notice = {
  title: "You are not signed in",
  text: "In a notebook, hub.sign_in_link().url is a link that signs this browser in. To a session you come with a link of its own.",
};

export const NO_ADMIN: Notice = {
  title: "This page is for who runs the hub",
  text: "A link to it is made on the hub's machine: rtwidgets-hub admin-link. It is good for ten minutes, and signs this tab in for hours.",
};

export const LEFT: Notice = { title: "You have left", text: "Open your link again to come back.", final: true };

/** What is said later, as after a reload, to who was in by a link that is worth nothing now. */
export function overWords({ text }: Notice): Notice {
  return { title: "Your link is not valid any more", text: `It has expired or was revoked, or the hub was started anew. ${text}` };
}

/** Why a link lets nobody in. */
export function refusalWords({ reason, message, expiredAtMs }: Refusal, nowMs: number): Notice {
  switch (reason) {
    case "invalid":
      return { title: "This link is not valid here", text: "Is it complete? It may also belong to another hub, or to one that was started anew since. Ask for a new link." };
    case "expired":
      return { title: "This link has expired", text: `It was good until ${expiredAtMs === null ? "some time ago" : moment(expiredAtMs, nowMs)}. Ask for a new link.` };
    case "revoked":
      return { title: "This link was revoked", text: "Whoever made it has taken it back. Ask for a new link if you should still have access." };
    case "no_session":
      return { title: "This session is not there now", text: "It comes back when its owner's notebook runs again. This page keeps looking.", passing: true };
    case "no_name":
      return { title: "A name is needed", text: "So that the others see who you are." };
    case "busy":
      return { title: "Too many at once", text: "Many people come in from your network just now. This page tries again in a moment.", passing: true };
    case "away":
      return { title: "The hub can't be reached", text: "It may be starting anew, or your network is down. This page keeps trying.", passing: true };
    default:
      return { title: "You can't come in", text: message };
  }
}

/** Why somebody who was in is in no more. */
export function endedWords(problem: string, expiresAtMs: number, nowMs: number): Notice {
  if (problem === REVOKED) return { title: "Your access was revoked", text: "Whoever shared this session has taken your link back. Ask for a new one if you should still have access.", final: true };
  if (problem === ENDED && expiresAtMs <= nowMs) return { title: "Your access has ended", text: `It was good until ${moment(expiresAtMs, nowMs)}. Ask for a new link.`, final: true };
  if (problem === ENDED) return { title: "The hub no longer takes your access", text: "It was started anew, or your link was taken back. Ask for a new link.", final: true };
  return { title: "The hub ended the connection", text: `${problem}. Reload the page to try again.` };
}

/** A moment in the reader's own time: the time alone when it is near, else with its day. */
export function moment(ms: number, nowMs: number): string {
  const near = Math.abs(nowMs - ms) < 12 * 3_600_000;
  return new Date(ms).toLocaleString(undefined, near ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** What somebody who is invited may do, before they come in. */
export function roleWords(role: string): string {
  if (role === "viewer") return "You are invited to look. The others see your name.";
  return `You are invited as an ${role === "owner" ? "owner" : "editor"}: you can change things, and the others see that it was you.`;
}
