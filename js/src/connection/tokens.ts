// Connection tokens: short-lived, made by the kernels, never stored.
//
// Each kernel's token gives what that kernel's widgets need. The hub takes several of one user at a time, with
// spaces between, so the page's one connection serves the widgets of all its kernels.

import { noticesOf } from "./own_notices.ts";
import { isObject, type JsonObject } from "../feeds/columns.ts";
import { capsOf, gives, type Caps } from "./patterns.ts";
import type { Port } from "./port.ts";
import type { RelayToken } from "./relay.ts";

/** A token that ends sooner than this, or than a quarter of its life, is not used any more. */
const MIN_LEFT_MS = 30_000;
/** Whatever the page's clock says, a token that has just come is good. */
const JUST_COME_MS = 5_000;
const ANSWER_TIMEOUT_MS = 5_000;
/** A kernel pushes a wider token by itself; one that got lost is asked for. */
const ASK_AFTER_MS = 1_000;
/** The hub takes no more, and no longer frame. */
const MAX_JOINED = 16;
const MAX_CHARS = 48_000;

export const KERNEL_SILENT = "no kernel of this page answers: wait while one is busy, else run the notebook's cells again";

/** A right that something on the page needs: a verb, and a channel or `command:` and a name. */
export interface Need {
  readonly target: string;
  readonly verb: string;
}

export class Tokens {
  /** Who the hub knows us as, from the newest token. */
  user: string | null = null;
  /** Another number for every other token that is given to the hub. */
  version = 0;
  readonly #ports: () => Port[];
  readonly #waiting = new Map<Port, (got: boolean) => void>();
  /** Who waits for a right. */
  readonly #wanting = new Set<() => void>();
  /** Of kernels that are gone: their widgets are still shown, for as long as these are good. */
  #left: RelayToken[] = [];
  /** The token in use. */
  #given = "";
  /** What it was made for. */
  #caps: Caps[] = [];
  /** What it says that it gives: less than it was made for, where its kernel has less. */
  #said: Caps[] = [];

  constructor(ports: () => Port[]) {
    this.#ports = ports;
  }

  /** The token for a new attempt, if there is one that lasts for a while. */
  fresh(): string | null {
    const tokens = this.#good();
    return tokens.length > 0 ? tokens.map(({ token }) => token).join(" ") : null;
  }

  /** The same, and it is used at once: what comes after it on the wire has its rights. */
  give(): string | null {
    const tokens = this.#good();
    if (tokens.length === 0) return null;
    const text = tokens.map(({ token }) => token).join(" ");
    if (text === this.#given) return text;
    this.#given = text;
    this.#said = tokens.map(({ token, caps }) => saidCaps(token) ?? caps);
    // Once it is on the wire.
    setTimeout(() => {
      this.version++;
      this.#caps = tokens.map(({ caps }) => caps);
      for (const look of [...this.#wanting]) look();
    });
    return text;
  }

  /** Whether there is another token than the one in use. */
  get changed(): boolean {
    const fresh = this.fresh();
    return fresh !== null && fresh !== this.#given;
  }

  /** A token to use now, asked for where necessary. */
  async get(): Promise<string> {
    const fresh = this.give();
    if (fresh !== null) return fresh;
    const ports = this.#ports();
    const asked = ports.map(async (port) => {
      if (await this.#ask(port)) return;
      port.answers = false;
      throw new Error(port.problem ?? "no answer");
    });
    await Promise.any(asked).catch(() => undefined);
    const token = this.give();
    if (token !== null) return token;
    const problem = ports.find((port) => port.problem !== null)?.problem;
    throw new Error(problem ?? KERNEL_SILENT);
  }

  /** Whether the token in use was made for this, too. */
  covers({ target, verb }: Need): boolean {
    // What is addressed to its user a page may read with whatever token.
    if (verb === "subscribe" && this.user !== null && target === noticesOf(this.user)) return true;
    // Where no other token will come there is nothing to wait for: the hub says what this one gives.
    if (this.#ports().some(({ grows }) => !grows)) return true;
    return this.#caps.some((caps) => gives(caps, verb, target));
  }

  /** Whether the token in use says that it gives this. */
  say(verb: string, target: string): boolean {
    return this.#said.some((caps) => gives(caps, verb, target));
  }

  /** Resolve when the token in use was made for this, too, or when the signal aborts. */
  when(need: Need, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.covers(need)) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#wanting.delete(look);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const look = (): void => {
        if (this.covers(need)) end();
      };
      const timer = setTimeout(() => {
        for (const port of this.#ports()) port.askToken();
      }, ASK_AFTER_MS);
      this.#wanting.add(look);
      signal.addEventListener("abort", end);
    });
  }

  /** A port has a new token, or says why it has none. */
  arrived(port: Port): void {
    if (port.token !== null) this.user = subject(port.token.token) ?? this.user;
    this.#waiting.get(port)?.(port.problem === null);
  }

  /** A port is gone. */
  leave(port: Port): void {
    if (port.token !== null) this.#left = [port.token, ...this.#left.filter(isGood)];
  }

  /** The hub took none of them, or is another one now. */
  forget(): void {
    this.#left = [];
    for (const port of this.#ports()) port.token = null;
  }

  /** The tokens to use together: each gives something that those before it do not. */
  #good(): RelayToken[] {
    const good: RelayToken[] = [];
    let chars = 0;
    const all = [...this.#ports().map(({ token }) => token), ...this.#left];
    for (const token of all) {
      if (token === null || !isGood(token)) continue;
      const adds = [...token.caps].some(([target, verbs]) =>
        [...verbs].some((verb) => !good.some(({ caps }) => gives(caps, verb, target))),
      );
      const fits = good.length < MAX_JOINED && chars + token.token.length < MAX_CHARS;
      if (good.length > 0 && !(adds && fits)) continue;
      good.push(token);
      chars += token.token.length;
    }
    return good;
  }

  #ask(port: Port): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (got: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(port);
        resolve(got);
      };
      const timer = setTimeout(() => end(false), ANSWER_TIMEOUT_MS);
      this.#waiting.set(port, end);
      port.askToken();
    });
  }
}

function isGood({ expiresAtMs, cameAtMs }: RelayToken): boolean {
  const now = Date.now();
  return now - cameAtMs < JUST_COME_MS || expiresAtMs - now > Math.min(MIN_LEFT_MS, (expiresAtMs - cameAtMs) / 4);
}

/** The `sub` of a JWT. */
function subject(token: string): string | null {
  const { sub } = claims(token);
  return typeof sub === "string" ? sub : null;
}

/** The rights that a JWT names; null where it can't be read. */
function saidCaps(token: string): Caps | null {
  const { caps } = claims(token);
  return caps === undefined ? null : capsOf(caps);
}

/** What a JWT says. Not verified: it decides nothing, it is only shown. */
function claims(token: string): JsonObject {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const found: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(found) ? found : {};
  } catch {
    return {};
  }
}
