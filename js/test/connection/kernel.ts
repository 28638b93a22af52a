// The kernel's end of the relay, small: one socket per connection, bundles every 33 ms.

import { WebSocket } from "ws";
import { FakeModel, type PageMessage } from "./fakes.ts";

const INTERVAL_MS = 33;

export class FakeKernel {
  readonly model = new FakeModel();
  hubId = "h1";
  hubPort: number;
  /** The port the page is told; another one blocks the direct way. */
  advertisedPort: number;
  tokens = 0;
  /** What its tokens begin with. */
  name = "t";
  caps: Record<string, string[]> = {
    "stream:px": ["subscribe"],
    "table:secret": ["subscribe"],
    "value:limit": ["subscribe", "publish"],
    "command:halt": ["command"],
  };
  answers = true;
  readonly #sockets = new Map<string, WebSocket>();
  readonly #waiting: ({ frames?: string } & Record<string, unknown>)[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(hubPort: number, advertisedPort = hubPort) {
    this.hubPort = hubPort;
    this.advertisedPort = advertisedPort;
    this.model.onsend = (message) => queueMicrotask(() => this.answers && this.#take(message));
    this.#timer = setInterval(() => this.#flush(), INTERVAL_MS);
  }

  /** Push a token, as when a widget was made or the last token is at half its life. */
  pushToken(page: string, token: string): void {
    this.#waiting.push({ type: "token", page, token, expires_at_ms: Date.now() + 900_000, caps: this.caps });
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.values()) socket.terminate();
  }

  #take({ type, page, conn = "", data }: PageMessage): void {
    const token = { token: `${this.name}${this.tokens}`, expires_at_ms: Date.now() + 900_000, caps: this.caps };
    if (type === "hello") {
      this.#waiting.push({ type: "config", page, hub_id: this.hubId, port: this.advertisedPort, public_url: null, ...token });
    } else if (type === "token") {
      this.#waiting.push({ type, page, ...token, token: `${this.name}${++this.tokens}` });
    } else if (type === "open") {
      const socket = new WebSocket(`ws://127.0.0.1:${this.hubPort}/connection/websocket`);
      this.#sockets.set(conn, socket);
      socket.on("open", () => this.#waiting.push({ type: "opened", page, conn }));
      socket.on("message", (frame) => this.#waiting.push({ type: "frames", page, conn, frames: String(frame) }));
      socket.on("error", () => undefined);
      socket.on("close", (code, reason) => {
        if (this.#sockets.delete(conn)) this.#waiting.push({ type: "closed", page, conn, code, reason: String(reason) });
      });
    } else if (type === "frame") {
      this.#sockets.get(conn)?.send(data ?? "");
    } else if (type === "close") {
      const socket = this.#sockets.get(conn);
      this.#sockets.delete(conn);
      socket?.terminate();
    }
  }

  #flush(): void {
    if (this.#waiting.length > 0) this.model.bundle(this.#waiting.splice(0));
  }
}
