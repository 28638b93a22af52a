// Which way the next connection to the hub takes, and when to change over.
//
// npm centrifuge constructs a WebSocket for every attempt; it gets one of ours that is direct or through the relay.
// To change over, the socket in use closes with code 4000: centrifuge reconnects and recovers from its positions,
// so nothing is lost and nothing comes twice.

import type { Candidate, OpenSocket, Page, Probe } from "./direct.ts";
import { candidates } from "./direct.ts";
import type { Port } from "./port.ts";
import type { SocketLike } from "./relay.ts";
import { SwitchSocket } from "./switch_socket.ts";
import type { Transport } from "./types.ts";

const CHANGE_OVER = 4000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 120_000;
const LASTING_MS = 30_000;
const IDLE_CHECK_MS = 25;
const MAX_IDLE_WAIT_MS = 3_000;

export interface ChoiceOptions {
  readonly page: Page;
  /** Null where the browser has no WebSocket. */
  readonly openSocket: OpenSocket | null;
  readonly probe: Probe;
  /** The relay to use now; null when no kernel is alive. */
  readonly relay: () => Port | null;
  readonly token: () => string | null;
  /** Whether something is under way whose answer would be lost in a change. */
  readonly busy: () => boolean;
  /** `reason` is another. */
  readonly changed: () => void;
  /** The next attempt need not wait: another way is open. */
  readonly hurry: (on: boolean) => void;
}

export class Choice {
  readonly #options: ChoiceOptions;
  #reason: string | null = null;
  #direct: string | null = null;
  #lastGood: string | null = null;
  #active: SwitchSocket | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #looking: AbortController | null = null;
  #resting = false;

  constructor(options: ChoiceOptions) {
    this.#options = options;
  }

  /** Why the relay is in use; null on the direct way, and while nothing is known. */
  get reason(): string | null {
    return this.#reason;
  }

  get transport(): Transport | null {
    return this.#active?.transport ?? null;
  }

  /** The socket for the next attempt; without a token it ends at once. */
  open(hasToken: boolean): SocketLike {
    this.#options.hurry(false);
    const port = hasToken ? this.#options.relay() : null;
    const url = hasToken ? (this.#direct ?? (port === null ? this.#lastGood : null)) : null;
    const socket = this.#socket(url, port);
    this.#active = socket;
    return socket;
  }

  /** Look for a direct way now: the hub's address, a token or the page's network is new. */
  look(): void {
    this.#resting = false;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#lookAfter(0);
  }

  /** Forget the direct way: the hub is another one now. */
  forget(): void {
    this.#direct = null;
    this.#lastGood = null;
    if (this.#active?.transport === "direct") this.#active.leave(CHANGE_OVER, "the hub has moved");
  }

  /** Stop looking, until the next look(). */
  rest(): void {
    this.#resting = true;
    this.#looking?.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #socket(url: string | null, port: Port | null): SwitchSocket {
    const { openSocket } = this.#options;
    if (url !== null && openSocket !== null) {
      return new SwitchSocket("direct", () => openSocket(url), (socket) => this.#ended(socket, url));
    }
    if (port === null) return new SwitchSocket("relay", null, (socket) => this.#ended(socket, null));
    return new SwitchSocket(port.transport, () => port.open(), (socket) => {
      if (!socket.answered) port.answers = false;
      this.#ended(socket, null);
    });
  }

  /** A socket ended, by whomever; centrifuge hears it next. */
  #ended(socket: SwitchSocket, url: string | null): void {
    if (this.#active !== socket) return;
    this.#active = null;
    if (url === null || this.#resting) return;
    this.#direct = null;
    this.#because(`${url} ${socket.answered ? "broke off" : "did not open"}`);
    this.#options.hurry(this.#options.relay() !== null);
    if (socket.ageMs() > LASTING_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#lookAfter(this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
  }

  #lookAfter(ms: number): void {
    if (this.#resting) return;
    if (this.#options.openSocket === null) {
      this.#because("this browser has no WebSocket");
      return;
    }
    this.#looking?.abort();
    this.#looking = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    const config = this.#options.relay()?.config;
    const token = this.#options.token();
    if (!config || this.#active?.transport === "direct") return;
    // The kernel is being asked for one: the last was refused.
    if (token === null) return this.#lookAfter(FIRST_PAUSE_MS);
    const looking = new AbortController();
    this.#looking = looking;
    const failures: string[] = [];
    for (const candidate of candidates(config, this.#options.page)) {
      const failure = await this.#options.probe(candidate, config.hubId, token, looking.signal);
      if (looking.signal.aborted) return;
      if (failure === null) return this.#take(candidate);
      failures.push(failure);
    }
    this.#because(failures.length > 0 ? failures.join("; ") : "no direct way from this page to the hub is known");
    this.#lookAfter(this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
  }

  #because(reason: string | null): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#options.changed();
  }

  #take(candidate: Candidate): void {
    this.#direct = candidate.url;
    this.#lastGood = candidate.url;
    this.#because(null);
    this.#changeOver(Date.now() + MAX_IDLE_WAIT_MS);
  }

  // A call that is under way gets its answer first: after a change nobody could say whether it was done.
  #changeOver(latestMs: number): void {
    const socket = this.#active;
    if (socket?.transport !== "relay" || this.#direct === null || this.#resting) return;
    if (this.#options.busy() && Date.now() < latestMs) {
      this.#timer = setTimeout(() => this.#changeOver(latestMs), IDLE_CHECK_MS);
      return;
    }
    this.#options.hurry(true);
    socket.leave(CHANGE_OVER, "changing to the direct way");
  }
}
