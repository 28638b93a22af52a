// As much of a hub as the connection needs to be tested: one stream with a log, tokens, publish, rpc, presence.

import { WebSocketServer, type WebSocket as ServerSocket } from "ws";
import type { AddressInfo } from "node:net";

interface Wish {
  readonly max_hz: number;
  readonly visible: boolean;
  readonly snapshot?: boolean;
}

interface Command {
  readonly id?: number;
  readonly connect?: { token?: string };
  readonly refresh?: { token: string };
  readonly subscribe?: { channel: string; recover?: boolean; epoch?: string; offset?: number; data?: { rtwidgets: Wish } };
  readonly publish?: { channel: string; data: unknown };
  readonly rpc?: { method: string; data: { command: string; args: unknown; key?: string; data?: unknown; if_version?: number; epoch?: string } & Wish };
  readonly presence?: unknown;
  readonly unsubscribe?: unknown;
}

export class ScriptedHub {
  readonly id = "h1";
  readonly epoch = "e1";
  readonly log: unknown[] = [];
  readonly published: unknown[] = [];
  /** What it was asked to set: values, with the versions they were to have. */
  readonly sets: { value: unknown; version: number | undefined; epoch: string | undefined }[] = [];
  /** How it answers a set: a version, an error, or null for no answer at all. */
  setAnswer: () => number | { code: number; message: string } | null = () => this.sets.length;
  /** What readers wished for, at subscribing and after. */
  readonly wishes: Wish[] = [];
  /** The snapshots of other channels than its stream; a value where nothing else is said. */
  readonly snapshots: Record<string, object> = {};
  /** What it says of who is there, by client. */
  present: Record<string, object> = {};
  presences = 0;
  /** Whether it grants wishes, as other people's hubs do not. */
  grants = true;
  /** Whether its log no longer reaches back to anybody. */
  forgets = false;
  connects = 0;
  subscribes = 0;
  /** How many more subscribes it can't take now. */
  busy = 0;
  /** Tokens it was shown, in order. */
  readonly shown: string[] = [];
  /** Whether a token gives the right to subscribe. */
  gives: (token: string, channel: string) => boolean = (_, channel) => channel === "stream:px";
  rpcs = 0;
  /** Tokens that are refused with the terminal code 3500. */
  readonly badTokens = new Set<string>();
  /** How the hub answers a call; null leaves it unanswered. */
  answer: (args: unknown, key?: string) => Promise<unknown> = (args) => Promise.resolve(args);
  /** What it was asked to cancel. */
  readonly cancelled: unknown[] = [];
  readonly #server: WebSocketServer;
  readonly #readers = new Set<ServerSocket>();
  readonly #tokens = new Map<ServerSocket, string>();
  readonly #subs = new Map<ServerSocket, Set<string>>();

  constructor(port = 0) {
    this.#server = new WebSocketServer({ host: "127.0.0.1", port });
    this.#server.on("connection", (socket) => {
      socket.on("message", (data) => {
        for (const line of String(data).split("\n")) if (line) void this.#take(socket, JSON.parse(line) as Command);
      });
      socket.on("close", () => this.#readers.delete(socket));
    });
  }

  async ready(): Promise<void> {
    if (this.#server.address() === null) await new Promise((resolve) => this.#server.once("listening", resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  append(data: unknown): void {
    this.log.push(data);
    const push = { push: { channel: "stream:px", pub: { data, offset: this.log.length, time: 1_700_000_000_000 } } };
    for (const socket of this.#readers) socket.send(JSON.stringify(push));
  }

  /** Push to the subscribers of another channel than its stream. */
  push(channel: string, push: object): void {
    for (const [socket, channels] of this.#subs) {
      if (channels.has(channel)) socket.send(JSON.stringify({ push: { channel, ...push } }));
    }
  }

  /** Break every connection without a word. */
  breakAll(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    this.breakAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #show(socket: ServerSocket, token: string): void {
    this.shown.push(token);
    this.#tokens.set(socket, token);
  }

  async #take(socket: ServerSocket, command: Command): Promise<void> {
    const { id } = command;
    const reply = (body: object): void => socket.send(JSON.stringify({ id, ...body }));
    if (command.connect) {
      if (this.badTokens.has(command.connect.token ?? "")) return socket.close(3500, "invalid token");
      this.connects++;
      this.#show(socket, command.connect.token ?? "");
      reply({ connect: { client: `c${this.connects}`, ping: 25, pong: true, data: { rtwidgets: { hub: this.id } } } });
    } else if (command.refresh) {
      this.#show(socket, command.refresh.token);
      reply({ refresh: {} });
      for (const channel of this.#subs.get(socket) ?? []) {
        if (this.gives(command.refresh.token, channel)) continue;
        this.#subs.get(socket)?.delete(channel);
        socket.send(JSON.stringify({ push: { channel, unsubscribe: { code: 2501, reason: "no right" } } }));
      }
    } else if (command.subscribe) {
      const { channel, recover = false, epoch, offset = 0, data } = command.subscribe;
      this.subscribes++;
      if (this.busy-- > 0) return reply({ error: { code: 100, message: "the archive is away", temporary: true } });
      if (!this.gives(this.#tokens.get(socket) ?? "", channel)) return reply({ error: { code: 103, message: "permission denied" } });
      const publications = this.log.slice(offset).map((data, i) => ({ data, offset: offset + i + 1 }));
      const grant = this.grants && data ? { rtwidgets: data.rtwidgets } : {};
      if (data) this.wishes.push(data.rtwidgets);
      this.#subs.set(socket, (this.#subs.get(socket) ?? new Set()).add(channel));
      if (channel !== "stream:px") {
        return reply({ subscribe: { data: { ...(this.snapshots[channel] ?? { kind: "value", value: 1 }), ...grant } } });
      }
      const position = { recoverable: true, positioned: true, epoch: this.epoch };
      const recovered = recover && epoch === this.epoch && !this.forgets;
      const from = this.forgets ? this.log.length : 0;
      reply({
        subscribe: recovered
          ? { ...position, offset: this.log.length, was_recovering: true, recovered, publications, data: grant }
          : { ...position, offset: from, was_recovering: recover, data: { kind: "stream", until: this.log.length, ...grant } },
      });
      const past = recovered ? [] : this.log.slice(from);
      past.forEach((data, i) => socket.send(JSON.stringify({ push: { channel, pub: { data, offset: from + i + 1 } } })));
      this.#readers.add(socket);
    } else if (command.publish) {
      this.published.push(command.publish.data);
      reply({ publish: {} });
    } else if (command.rpc?.method === "rtwidgets.subscription") {
      this.rpcs++;
      const { max_hz, visible } = command.rpc.data;
      this.wishes.push({ max_hz, visible });
      reply({ rpc: { data: { max_hz, visible } } });
    } else if (command.rpc?.method === "rtwidgets.cancel") {
      this.cancelled.push(command.rpc.data);
      reply({ rpc: { data: { state: "cancelling" } } });
    } else if (command.rpc?.method === "rtwidgets.set") {
      const { data, if_version, epoch } = command.rpc.data;
      this.sets.push({ value: data, version: if_version, epoch });
      const answer = this.setAnswer();
      if (answer === null) return;
      reply(typeof answer === "number" ? { rpc: { data: { version: answer, epoch: this.epoch } } } : { error: answer });
    } else if (command.rpc) {
      const result = await this.answer(command.rpc.data.args, command.rpc.data.key);
      reply({ rpc: { data: { result } } });
    } else if (command.presence) {
      this.presences++;
      reply({ presence: { presence: this.present } });
    } else if (command.unsubscribe) {
      reply({ unsubscribe: {} });
    }
  }
}
