// The relay, seen from the page: the kernel carries the frames between the page and the hub.
//
// The kernel's messages come in bundles, {"seq", "events": [...]} with the frames' bytes as buffers. One comm serves
// all pages that show the notebook, so every event names the page it is for.

import { isObject, type JsonObject } from "../feeds/columns.ts";
import type { Port } from "./port.ts";
import { capsOf, type Caps } from "./patterns.ts";

/** What we use of an anywidget model. */
export interface RelayModel {
  get(name: string): unknown;
  send(content: unknown, callbacks?: unknown, buffers?: unknown): unknown;
  on(name: string, fn: (...args: never[]) => void): void;
  off(name: string, fn?: ((...args: never[]) => void) | null): void;
}

/** What the kernel says about its hub. */
export interface RelayConfig {
  readonly hubId: string;
  /** The hub's port on the kernel's machine; null when the hub is elsewhere. */
  readonly port: number | null;
  readonly publicUrl: string | null;
}

export interface RelayToken {
  readonly token: string;
  readonly expiresAtMs: number;
  readonly cameAtMs: number;
  /** What it was made for: verbs by channel, or by `command:` and a name. */
  readonly caps: Caps;
}

/** Our own close code: npm centrifuge comes back after it, and keeps the reason, which it drops for codes below 3000. */
const RELAY_BROKE = 4001;
const ACK_INTERVAL_MS = 200;
const HELLO_INTERVAL_MS = 5_000;
const CHECK_TIMEOUT_MS = 3_000;

/** One kernel's relay: the messages of one model. */
export class RelayPort implements Port {
  readonly transport = "relay";
  readonly grows = true;
  readonly page: string;
  config: RelayConfig | null = null;
  token: RelayToken | null = null;
  /** Why the kernel has no newer token. */
  problem: string | null = null;
  /** Whether the kernel answered when it was last asked for something. */
  answers = true;
  onconfig: () => void = () => undefined;
  ontoken: () => void = () => undefined;

  readonly #model: RelayModel;
  readonly #hello: { origin: string; base: string };
  readonly #sockets = new Map<string, RelaySocket>();
  readonly #onMessage: (content: unknown, buffers: unknown) => void;
  readonly #onLiveness = (): void => this.check();
  readonly #decoder = new TextDecoder();
  #nextConn = 1;
  #seq = 0;
  #ackedMs = 0;
  #ackTimer: ReturnType<typeof setTimeout> | null = null;
  #helloTimer: ReturnType<typeof setTimeout> | null = null;
  #checkTimer: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(model: RelayModel, page: string, hello: { origin: string; base: string }) {
    this.#model = model;
    this.page = page;
    this.#hello = hello;
    this.#onMessage = (content, buffers) => this.#receive(content, buffers);
    model.on("msg:custom", this.#onMessage);
    // Jupyter says so when the kernel restarts or goes; the model may stay.
    model.on("comm_live_update", this.#onLiveness);
    this.#sayHello();
  }

  /** A connection to the hub through this kernel. */
  open(): RelaySocket {
    const conn = `${this.#nextConn++}`;
    const socket = new RelaySocket({
      send: (data) => this.#send({ type: "frame", conn, data }),
      close: () => {
        this.#sockets.delete(conn);
        this.#send({ type: "close", conn });
      },
    });
    this.#sockets.set(conn, socket);
    // The caller sets its handlers first: nothing may come back inside this call.
    queueMicrotask(() => {
      if (this.#sockets.get(conn) !== socket) return;
      if (this.#closed || !this.#send({ type: "open", conn })) {
        this.#sockets.delete(conn);
        socket.closed(RELAY_BROKE, "the kernel can't be reached");
      }
    });
    return socket;
  }

  /** Ask the kernel for a new token; `ontoken` is called when it is there. */
  askToken(): void {
    this.#send({ type: "token" });
  }

  /** Find out whether the kernel is still there; if it does not answer soon, what runs over it closes. */
  check(): void {
    if (this.#closed || this.#checkTimer !== null) return;
    this.#send({ type: "hello", ...this.#hello });
    this.#checkTimer = setTimeout(() => {
      this.#checkTimer = null;
      this.answers = false;
      this.#closeSockets("the kernel does not answer");
    }, CHECK_TIMEOUT_MS);
  }

  /** The kernel makes another one. */
  refused(): null {
    return null;
  }

  /** The page goes away: the kernel need not wait for acknowledgements. */
  bye(): void {
    this.#send({ type: "bye" });
  }

  /** The model is gone: close what runs over it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.answers = false;
    this.#model.off("msg:custom", this.#onMessage);
    this.#model.off("comm_live_update", this.#onLiveness);
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    if (this.#helloTimer !== null) clearTimeout(this.#helloTimer);
    if (this.#checkTimer !== null) clearTimeout(this.#checkTimer);
    this.#closeSockets("the kernel's relay is gone");
  }

  #closeSockets(reason: string): void {
    for (const [conn, socket] of [...this.#sockets]) {
      this.#sockets.delete(conn);
      this.#send({ type: "close", conn });
      socket.closed(RELAY_BROKE, reason);
    }
  }

  // A message can be lost while the kernel or its comm is not ready, so hello is said until it is answered.
  #sayHello(): void {
    this.#send({ type: "hello", ...this.#hello });
    this.#helloTimer = setTimeout(() => {
      if (this.config === null && !this.#closed) this.#sayHello();
    }, HELLO_INTERVAL_MS);
  }

  #send(message: { type: string; [name: string]: unknown }): boolean {
    try {
      const sent = this.#model.send({ ...message, page: this.page });
      // Some hosts return a promise; a kernel that is gone is noticed by what does not come back.
      if (sent instanceof Promise) sent.catch(() => undefined);
      return true;
    } catch {
      return false;
    }
  }

  #receive(content: unknown, buffers: unknown): void {
    if (!isObject(content) || typeof content.seq !== "number" || !Array.isArray(content.events)) return;
    const list = Array.isArray(buffers) ? (buffers as unknown[]) : [];
    // What the events do may say otherwise: a kernel that answers but can't reach the hub.
    if (content.events.some((event) => isObject(event) && event.page === this.page)) {
      this.answers = true;
      if (this.#checkTimer !== null) clearTimeout(this.#checkTimer);
      this.#checkTimer = null;
    }
    let mine = false;
    for (const event of content.events as unknown[]) {
      if (!isObject(event) || event.page !== this.page) continue;
      mine = true;
      this.#take(event, list);
    }
    if (!mine) return;
    this.#seq = content.seq;
    this.#ackSoon();
  }

  #take(event: JsonObject, buffers: readonly unknown[]): void {
    switch (event.type) {
      case "config": {
        this.config = {
          hubId: String(event.hub_id),
          port: typeof event.port === "number" ? event.port : null,
          publicUrl: typeof event.public_url === "string" ? event.public_url : null,
        };
        this.#takeToken(event);
        this.onconfig();
        return;
      }
      case "token":
        this.#takeToken(event);
        return;
      case "opened":
        this.#sockets.get(String(event.conn))?.opened();
        return;
      case "frames": {
        const socket = this.#sockets.get(String(event.conn));
        const buffer = buffers[Number(event.buffer)];
        if (socket && (buffer instanceof ArrayBuffer || ArrayBuffer.isView(buffer))) {
          socket.received(this.#decoder.decode(buffer));
        }
        return;
      }
      case "closed": {
        const conn = String(event.conn);
        const socket = this.#sockets.get(conn);
        this.#sockets.delete(conn);
        socket?.closed(Number(event.code), String(event.reason ?? ""));
        return;
      }
    }
  }

  #takeToken(event: JsonObject): void {
    if (typeof event.token === "string" && typeof event.expires_at_ms === "number") {
      const { token, expires_at_ms: expiresAtMs } = event;
      this.token = { token, expiresAtMs, cameAtMs: Date.now(), caps: capsOf(event.caps) };
      this.problem = null;
    } else {
      this.problem = String(event.reason ?? "the kernel gives no token");
    }
    this.ontoken();
  }

  // At once when the last one is old enough: timers of a hidden page are too slow to keep the frames coming.
  #ackSoon(): void {
    const wait = this.#ackedMs + ACK_INTERVAL_MS - Date.now();
    if (wait <= 0) this.#ack();
    else this.#ackTimer ??= setTimeout(() => this.#ack(), wait);
  }

  #ack(): void {
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    this.#ackTimer = null;
    this.#ackedMs = Date.now();
    this.#send({ type: "ack", seq: this.#seq });
  }
}

/** The part of the WebSocket interface that npm centrifuge uses. */
export interface SocketLike {
  readonly readyState: number;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** A connection to the hub through the kernel, in the shape of a WebSocket. */
export class RelaySocket implements SocketLike {
  readyState = CONNECTING;
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  readonly #out: { send(data: string): boolean; close(): void };

  constructor(out: { send(data: string): boolean; close(): void }) {
    this.#out = out;
  }

  send(data: string): void {
    if (this.readyState === CONNECTING) throw new DOMException("the relay is not open yet", "InvalidStateError");
    if (this.readyState !== OPEN) return;
    if (!this.#out.send(data)) this.closed(RELAY_BROKE, "the kernel can't be reached");
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState === CLOSED) return;
    this.#out.close();
    this.readyState = CLOSED;
    // As a WebSocket does it: the event comes after the call.
    queueMicrotask(() => this.onclose?.({ code, reason }));
  }

  /** The hub accepted the connection. */
  opened(): void {
    if (this.readyState !== CONNECTING) return;
    this.readyState = OPEN;
    this.onopen?.({});
  }

  /** Frames came, joined by newlines. */
  received(data: string): void {
    if (this.readyState === OPEN) this.onmessage?.({ data });
  }

  /** The connection ended from the other side. */
  closed(code: number, reason: string): void {
    if (this.readyState === CLOSED) return;
    if (this.readyState === CONNECTING) this.onerror?.({});
    this.readyState = CLOSED;
    this.onclose?.({ code, reason });
  }
}
