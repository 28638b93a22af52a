// One attempt to reach the hub, over either way, that can be left at once.

import type { SocketLike } from "./relay.ts";
import type { Transport } from "./types.ts";

const FIRST_ANSWER_MS = 10_000;
/** Our own close code, after which npm centrifuge comes back. */
const NO_WAY = 4002;
const CLOSED = 3;

/**
 * A socket around a socket.
 *
 * A WebSocket's own close event may come seconds after close(), when the peer does not answer; this one can be
 * left at once. It also gives up when nothing comes back at first, which covers opening and the connect reply.
 */
export class SwitchSocket implements SocketLike {
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  /** Whether anything came over it. */
  answered = false;
  readonly transport: Transport;
  readonly #madeMs = Date.now();
  readonly #onEnd: (socket: SwitchSocket) => void;
  readonly #deadline: ReturnType<typeof setTimeout>;
  #inner: SocketLike | null = null;
  #ended = false;

  constructor(transport: Transport, open: (() => SocketLike) | null, onEnd: (socket: SwitchSocket) => void) {
    this.transport = transport;
    this.#onEnd = onEnd;
    this.#deadline = setTimeout(() => this.leave(NO_WAY, "no answer"), FIRST_ANSWER_MS);
    try {
      this.#inner = open?.() ?? null;
    } catch {
      // Such as a secure page that may not open ws://: ends below, once the caller has set its handlers.
    }
    const inner = this.#inner;
    if (inner === null) {
      queueMicrotask(() => this.#end(NO_WAY, "no kernel of this page answers, and no direct way is known"));
      return;
    }
    inner.onopen = (event) => this.onopen?.(event);
    inner.onerror = (event) => this.onerror?.(event);
    inner.onclose = ({ code, reason }) => this.#end(code, reason);
    inner.onmessage = (event) => {
      if (!this.answered) {
        this.answered = true;
        clearTimeout(this.#deadline);
      }
      this.onmessage?.(event);
    };
  }

  get readyState(): number {
    return this.#ended ? CLOSED : (this.#inner?.readyState ?? 0);
  }

  send(data: string): void {
    this.#inner?.send(data);
  }

  /** How long ago it was made. */
  ageMs(): number {
    return Date.now() - this.#madeMs;
  }

  close(): void {
    // As a WebSocket does it, the event comes after the call: centrifuge relies on it.
    const heard = this.onclose;
    this.onclose = null;
    if (this.#ended) return;
    this.leave(1000, "");
    queueMicrotask(() => heard?.({ code: 1000, reason: "" }));
  }

  /** End now: nothing that still comes from the other side is heard. */
  leave(code: number, reason: string): void {
    if (this.#ended) return;
    const inner = this.#inner;
    if (inner) {
      inner.onopen = inner.onmessage = inner.onclose = inner.onerror = null;
      inner.close();
    }
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#deadline);
    this.#onEnd(this);
    this.onclose?.({ code, reason });
  }
}
