// The page as its own way to the hub: it is the hub's page, so its socket is direct and its token was given to it.

import type { Port } from "../connection/port.ts";
import type { RelayConfig, RelayToken, SocketLike } from "../connection/relay.ts";
import type { Admission } from "./join.ts";
import { ENDED, REVOKED } from "./words.ts";

export class PagePort implements Port {
  readonly transport = "direct";
  readonly grows = false;
  readonly config: RelayConfig = { hubId: "page", port: null, publicUrl: null };
  token: RelayToken | null;
  problem: string | null = null;
  answers = true;
  onconfig: () => void = () => undefined;
  ontoken: () => void = () => undefined;
  readonly #open: () => SocketLike;

  constructor(admission: Admission, open: () => SocketLike) {
    const { token, expiresAtMs } = admission;
    this.#open = open;
    this.token = { token, expiresAtMs, cameAtMs: Date.now(), caps: new Map() };
  }

  open(): SocketLike {
    return this.#open();
  }

  askToken(): void {
    this.problem = ENDED;
    this.ontoken();
  }

  check(): void {}

  close(): void {
    this.token = null;
  }

  refused(reason: string): string {
    return reason.includes("revoked") ? REVOKED : ENDED;
  }
}
