// Connection tokens: short-lived, made by the kernel, never stored.

import type { RelayPort } from "./relay.ts";

/** A token that ends sooner than this is not used any more. */
const MIN_LEFT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 5_000;

export class Tokens {
  /** Who the hub knows us as, from the newest token. */
  user: string | null = null;
  readonly #ports: () => RelayPort[];
  readonly #waiting = new Set<(token: string) => void>();

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
    for (const port of this.#ports()) {
      const token = await this.#ask(port);
      if (token !== null) return token;
      port.answers = false;
    }
    throw new Error("no kernel that shows this notebook gives a token for the hub; run its cells again");
  }

  /** A port has a new token. */
  arrived(port: RelayPort): void {
    if (port.token === null) return;
    this.user = subject(port.token.token) ?? this.user;
    const { token } = port.token;
    for (const resolve of [...this.#waiting]) resolve(token);
  }

  /** The hub took none of them: ask for new ones. */
  forget(): void {
    for (const port of this.#ports()) port.token = null;
  }

  #ask(port: RelayPort): Promise<string | null> {
    return new Promise((resolve) => {
      const end = (token: string | null): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve(token);
      };
      const timer = setTimeout(() => end(null), ANSWER_TIMEOUT_MS);
      this.#waiting.add(end);
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
