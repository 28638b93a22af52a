// Coming in: an invite and a name are given to the hub, which gives a token.

import { isObject } from "../feeds/columns.ts";
import type { Refusal } from "./words.ts";

/** What a browser that came in keeps. */
export interface Admission {
  readonly token: string;
  readonly expiresAtMs: number;
  readonly user: string;
  readonly name: string;
  /** The session that it is for; empty for all that the user may see. */
  readonly session: string;
  readonly role: string;
}

const TIMEOUT_MS = 10_000;

/** Show the hub an invite. */
export async function join(base: URL, invite: string, name: string): Promise<Admission | Refusal> {
  let answer: unknown;
  let status: number;
  try {
    const response = await fetch(new URL("api/join", base), {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ invite, name }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = response.status;
    answer = await response.json();
  } catch {
    // Nothing answers, or what answers is a proxy that has no hub behind it now.
    return { reason: "away", message: "", expiredAtMs: null };
  }
  return readAdmission(answer) ?? readRefusal(answer, status);
}

/** What the hub, or this browser's own store, says of who came in; null when it is none. */
export function readAdmission(said: unknown): Admission | null {
  if (!isObject(said) || typeof said.token !== "string" || typeof said.expires_at_ms !== "number") return null;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return {
    token: said.token,
    expiresAtMs: said.expires_at_ms,
    user: text(said.user),
    name: text(said.name),
    session: text(said.session),
    role: text(said.role),
  };
}

export function readRefusal(answer: unknown, status: number): Refusal {
  const said = isObject(answer) ? answer : {};
  const reason = typeof said.reason === "string" ? said.reason : status === 429 ? "busy" : status >= 500 ? "away" : "";
  return {
    reason,
    message: typeof said.error === "string" ? said.error : `the hub answered with status ${status}`,
    expiredAtMs: typeof said.expired_at_ms === "number" ? said.expired_at_ms : null,
  };
}

/** What an invite says of itself, to be shown before it is used. The hub alone can tell whether it is true. */
export function readInvite(invite: string): { session: string; role: string } | null {
  try {
    const payload = (invite.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const says = isObject(claims) && isObject(claims.invite) ? claims.invite : null;
    if (says === null) return null;
    return { session: typeof says.session === "string" ? says.session : "", role: typeof says.role === "string" ? says.role : "" };
  } catch {
    return null;
  }
}
