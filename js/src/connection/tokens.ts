// Connection tokens: short-lived, made by the kernel, never stored.

import type { RelayPort } from "./relay.ts";

/** A token that ends sooner than this is not used any more. */
const MIN_LEFT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 5_000;

export class Tokens {
  /** Who the hub knows us as, from the newest token. */
  user: string | null = null;
  readonly #ports: () => RelayPort[];
  readonly #waiting = new Map<RelayPort, (got: boolean) => void>();

  constructor(ports: () => RelayPort[]) {
    this.#ports = ports;
  }

  /** A token that lasts for a while, if there is one. */
  fresh(): string | null {
    for (const { token } of this.#ports()) {
      if (token !== null && token.expiresAtMs - Date.now() > MIN_LEFT_MS) return token.token;
    }
    return null;
  }

  /** A token, asked for from one kernel after the other where necessary. */
  async get(): Promise<string> {
    const fresh = this.fresh();
    if (fresh !== null) return fresh;
    let problem: string | null = null;
    for (const port of this.#ports()) {
      if (await this.#ask(port)) return port.token?.token ?? "";
      problem ??= port.problem;
      port.answers = false;
    }
    throw new Error(problem ?? "no kernel of this page answers when asked for a token; run the notebook's cells again");
  }

  /** A port has a new token, or says why it has none. */
  arrived(port: RelayPort): void {
    if (port.token !== null) this.user = subject(port.token.token) ?? this.user;
    this.#waiting.get(port)?.(port.token !== null);
  }

  /** The hub took none of them: ask for new ones. */
  forget(): void {
    for (const port of this.#ports()) port.token = null;
  }

  #ask(port: RelayPort): Promise<boolean> {
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

/** The `sub` of a JWT. Not verified: it is only shown. */
function subject(token: string): string | null {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const sub = (claims as { sub?: unknown } | null)?.sub;
    return typeof sub === "string" ? sub : null;
  } catch {
    return null;
  }
}
