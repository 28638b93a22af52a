// What this browser keeps: the token as long as the tab, a name and a look for ever.

import { forgetUnsent } from "../lib/unsent.ts";
import { readAdmission, type Admission } from "./join.ts";

export type Look = "light" | "dark" | "auto";

const NAME = "rtwidgets.name";
const LOOK = "rtwidgets.look";
/** Stands in the state of the tab's history, which a reload keeps and another link clears. */
const OVER = "rtwidgets.over";

/** A tab's own store: what came in here stays here. */
export class Keep {
  readonly #key: string;

  /** Hubs behind one name, under other paths, keep apart, and so do places of one hub. */
  constructor(base: URL, place = "") {
    this.#key = `rtwidgets.admission ${base.pathname}${place}`;
  }

  /** Who came in, if their time is not over. */
  get admission(): Admission | null {
    const kept = this.#kept;
    return kept !== null && kept.expiresAtMs > Date.now() ? kept : null;
  }

  get #kept(): Admission | null {
    try {
      return readAdmission(JSON.parse(sessionStorage.getItem(this.#key) ?? "null"));
    } catch {
      return null;
    }
  }

  set admission(admission: Admission | null) {
    if (admission === null) {
      attempt(() => sessionStorage.removeItem(this.#key));
      return;
    }
    const { expiresAtMs: expires_at_ms, ...rest } = admission;
    attempt(() => sessionStorage.setItem(this.#key, JSON.stringify({ ...rest, expires_at_ms })));
  }

  /** Whether somebody was in here whose access is over. */
  get isOver(): boolean {
    return history.state === OVER || (this.#kept?.expiresAtMs ?? Number.POSITIVE_INFINITY) <= Date.now();
  }

  /** Forget who was in, and what they said that no hub has. */
  leave(): void {
    this.admission = null;
    attempt(() => forgetUnsent(sessionStorage));
  }

  /** Forget who was in; that somebody was is remembered, and nothing of who. */
  over(): void {
    this.leave();
    history.replaceState(OVER, "");
  }

  get name(): string {
    return read(NAME);
  }

  set name(name: string) {
    attempt(() => localStorage.setItem(NAME, name));
  }

  get look(): Look {
    const kept = read(LOOK);
    return kept === "light" || kept === "dark" ? kept : "auto";
  }

  set look(look: Look) {
    attempt(() => localStorage.setItem(LOOK, look));
  }
}

/** The fragment of the page's address, taken out of it at once: it is what opens the hub. */
export function takeFragment(): string {
  const fragment = location.hash.slice(1);
  if (fragment !== "") history.replaceState(null, "", location.pathname + location.search);
  return fragment;
}

// A browser may have its stores switched off: then nothing is kept, and all else works.
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // Nothing to be done about it.
  }
}

function read(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}
