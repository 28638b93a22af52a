// The page's one connection to a hub.

import { Centrifuge } from "centrifuge";
import { Chat } from "../feeds/chat.ts";
import { isObject } from "../feeds/columns.ts";
import { Events } from "../feeds/event.ts";
import { Stream } from "../feeds/stream.ts";
import { Table } from "../feeds/table.ts";
import { Value, type SetValue } from "../feeds/value.ts";
import { keepTimes } from "./binding.ts";
import { Calls } from "./calls.ts";
import { Choice } from "./choice.ts";
import type { OpenSocket, Page, Probe } from "./direct.ts";
import { FeedShelf } from "./feed_shelf.ts";
import { Grace } from "./grace.ts";
import { Listeners } from "./listeners.ts";
import type { Port } from "./port.ts";
import type { SocketLike } from "./relay.ts";
import { KERNEL_SILENT, Tokens } from "./tokens.ts";
import type { ChatFeed, ConnectionStatus, EventFeed, HubConnection, Phase, StreamFeed, TableFeed, ValueFeed, Want } from "./types.ts";

const MIN_RECONNECT_MS = 500;
const MAX_RECONNECT_MS = 15_000;
/** Longer than any call may take; shorter waits are ours: calls.ts and switch_socket.ts. */
const CENTRIFUGE_TIMEOUT_MS = 4_000_000;
const INVALID_TOKEN = 3500;
const TOKEN_EXPIRED = 109;
const MAX_TOKEN_PAUSE_MS = 60_000;
/** A relay that was saved with the notebook has no kernel behind it. */
const NO_KERNEL_AFTER_MS = 10_000;
const TRYING_AGAIN = "the hub is away; trying again";
const NO_TOKEN_TAKEN = "the hub refuses this notebook's token; run the cell with rt.connect() again";

export interface ConnectionOptions {
  readonly page: Page;
  readonly openSocket: OpenSocket | null;
  readonly probe: Probe;
}

export class Connection implements HubConnection {
  readonly key: string;
  client: string | null = null;
  readonly #centrifuge: Centrifuge;
  readonly #choice: Choice;
  readonly #tokens: Tokens;
  readonly #calls: Calls;
  readonly #shelf: FeedShelf;
  readonly #ports: Port[] = [];
  /** Those of them that have told us of their hub. */
  readonly #known = new Set<Port>();
  readonly #listeners = new Listeners<[]>();
  readonly #away = new Grace();
  #problem: string | null = null;
  #hubId: string | null = null;
  #lastTransport: ConnectionStatus["transport"] = null;
  /** A token came after the attempt under way had taken its own. */
  #isLate = false;
  #tokenPauseMs = 0;
  #tokenTimer: ReturnType<typeof setTimeout> | null = null;
  #kernelTimer: ReturnType<typeof setTimeout> | null = null;
  #status: ConnectionStatus = { phase: "connecting", transport: null, reason: null, changes: 0 };

  constructor(key: string, options: ConnectionOptions) {
    this.key = key;
    this.#tokens = new Tokens(() => this.#livePorts());
    this.#choice = new Choice({
      ...options,
      relay: () => this.#livePorts()[0] ?? null,
      token: () => this.#tokens.fresh(),
      busy: () => this.#calls.pending > 0,
      changed: () => this.#report(this.#status.phase, this.#problem, this.#status.detail),
      hurry: (on) => (this.#centrifuge["_config"].minReconnectDelay = on ? 1 : MIN_RECONNECT_MS),
    });
    // A constructor may return another object: centrifuge gets whatever way is chosen at that moment.
    const open = (): SocketLike => this.#open();
    const websocket = function (): SocketLike {
      return open();
    };
    this.#centrifuge = new Centrifuge(`ws://${encodeURIComponent(key)}.hub.invalid/`, {
      name: "rtwidgets",
      websocket,
      getToken: () => this.#tokens.get(),
      minReconnectDelay: MIN_RECONNECT_MS,
      maxReconnectDelay: MAX_RECONNECT_MS,
      timeout: CENTRIFUGE_TIMEOUT_MS,
    });
    keepTimes(this.#centrifuge);
    this.#calls = new Calls(this.#centrifuge, this.#tokens, () => this.#status.detail ?? this.#status.reason);
    this.#shelf = new FeedShelf(this.#centrifuge, this.#tokens, () => this.#stopIfUnused());
    this.#follow();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  get user(): string | null {
    return this.#tokens.user;
  }

  onStatus(fn: () => void, signal: AbortSignal): void {
    this.#listeners.add(fn, signal);
  }

  may(verb: string, target: string): boolean {
    return this.#tokens.say(verb, target);
  }

  denies(verb: string, target: string): boolean {
    return this.#status.phase === "live" && this.#tokens.covers({ verb, target }) && !this.#tokens.say(verb, target);
  }

  present(channel: string): ReadonlySet<string> {
    return this.#shelf.present(channel);
  }

  stream(channel: string, want: Want, signal: AbortSignal): StreamFeed {
    return this.#shelf.take("stream", () => new Stream(channel), channel, want, signal);
  }

  table(channel: string, want: Want, signal: AbortSignal): TableFeed {
    return this.#shelf.take("table", () => new Table(channel), channel, want, signal);
  }

  value(channel: string, want: Want, signal: AbortSignal): ValueFeed {
    const set: SetValue = (value, onlyIf) => this.#calls.set(channel, value, onlyIf);
    return this.#shelf.take("value", () => new Value(channel, set), channel, want, signal);
  }

  event(channel: string, want: Want, signal: AbortSignal): EventFeed {
    return this.#shelf.take("event", () => new Events(channel), channel, want, signal);
  }

  chat(channel: string, want: Want, signal: AbortSignal): ChatFeed {
    const wire = {
      publish: (data: unknown): Promise<void> => this.#calls.publish(channel, data),
      ask: (method: string, data: unknown): Promise<unknown> => this.#calls.ask(method, data),
      tell: (method: string, data: unknown): void => this.#calls.tell(method, data),
    };
    return this.#shelf.take("chat", () => new Chat(channel, wire), channel, want, signal);
  }

  call(command: string, args: Record<string, unknown>, timeoutMs = 5_000, key = ""): Promise<unknown> {
    return this.#calls.call(command, args, timeoutMs, key);
  }

  cancel(command: string, call: { readonly id: string } | { readonly key: string }): Promise<void> {
    return this.#calls.cancel(command, call);
  }

  /** Call a method of the hub itself, such as `rtwidgets.sessions`. */
  ask(method: string, data: unknown): Promise<unknown> {
    return this.#calls.ask(method, data);
  }

  /** Take in a kernel's relay; connecting starts with its first config. */
  addPort(port: Port): void {
    this.#ports.push(port);
    this.#kernelTimer ??= setTimeout(() => {
      if (this.#hubId === null) this.#report("connecting", KERNEL_SILENT);
    }, NO_KERNEL_AFTER_MS);
    port.onconfig = () => this.#configured(port);
    port.ontoken = () => this.#tokenCame(port);
  }

  /** A kernel's relay is gone; the others, or the direct way, go on. */
  removePort(port: Port): void {
    const index = this.#ports.indexOf(port);
    if (index < 0) return;
    this.#ports.splice(index, 1);
    this.#known.delete(port);
    if (port.config?.hubId === this.#hubId) this.#tokens.leave(port);
    port.close();
    this.#stopIfUnused();
  }

  /** Ports that can be used, those that answered last first. */
  #livePorts(): Port[] {
    const known = this.#ports.filter((port) => port.config !== null && port.config.hubId === this.#hubId);
    return [...known.filter((port) => port.answers), ...known.filter((port) => !port.answers)];
  }

  #configured(port: Port): void {
    const hubId = port.config?.hubId ?? null;
    if (this.#hubId !== null && this.#hubId !== hubId) {
      // This port's own is kept: it is not among the old hub's.
      this.#tokens.forget();
      this.#centrifuge.setToken("");
      this.#choice.forget();
    }
    this.#hubId = hubId;
    this.#tokenCame(port);
    if (!this.#known.has(port)) {
      // A new kernel often comes in place of one that has gone without a word.
      for (const other of this.#known) other.check();
      this.#known.add(port);
    }
    this.#centrifuge.connect();
    this.#choice.look();
  }

  /** The next attempt: the way and the token that are best now. */
  #open(): SocketLike {
    this.#isLate = false;
    const token = this.#tokens.give();
    // Never with one that has ended: the hub's answer to the subscribes right behind it is for good. Without one
    // centrifuge asks for one before the next attempt.
    this.#centrifuge.setToken(token ?? "");
    return this.#choice.open(token !== null);
  }

  #tokenCame(port: Port): void {
    this.#tokens.arrived(port);
    if (!this.#tokens.changed) return;
    // The hub takes over what it says, in order with the commands: no reconnect.
    if (this.#centrifuge.state === "connected") this.#centrifuge["_refresh"]();
    else this.#isLate = true;
  }

  #follow(): void {
    this.#centrifuge.on("connected", ({ client, data }) => {
      this.#calls.maxMessageBytes = maxMessageBytes(data);
      this.#calls.processId = processIn(data);
      if (this.#isLate) this.#centrifuge["_refresh"]();
      const { transport } = this.#choice;
      const changed = this.#lastTransport !== null && this.#lastTransport !== transport;
      this.#lastTransport = transport;
      this.#tokenPauseMs = 0;
      this.#away.end();
      this.client = client;
      this.#report("live", null, null, changed ? this.#status.changes + 1 : this.#status.changes);
    });
    this.#centrifuge.on("connecting", ({ code, reason }) => {
      this.client = null;
      this.#away.start(() => {
        if (code === 0) this.#report("connecting", null);
        else this.#report("connecting", this.#isUnheard() ? KERNEL_SILENT : TRYING_AGAIN, `${reason} (code ${code})`);
      });
    });
    this.#centrifuge.on("error", ({ type, error }) => {
      // A failed attempt over either way says less than what we know already.
      if (type !== "transport" && this.#status.phase !== "live") this.#report("connecting", error.message);
    });
    this.#centrifuge.on("disconnected", ({ code, reason }) => {
      this.client = null;
      this.#away.end();
      const problem = `${reason} (code ${code})`;
      // The second comes where a page slept for longer than its token was good.
      if (code !== INVALID_TOKEN && code !== TOKEN_EXPIRED) return this.#report("down", problem);
      const final = this.#ports.map((port) => port.refused(reason)).find((words) => words !== null);
      if (final) return this.#report("down", final, problem);
      // A hub that was started again takes no old token: the next one mostly works, so only a second refusal is said.
      if (this.#tokenPauseMs === 0) this.#report("connecting", null, problem);
      else this.#report("connecting", NO_TOKEN_TAKEN, problem);
      this.#retryWithNewToken();
    });
  }

  /** Whether the last token has ended, and no kernel says why there is no other. */
  #isUnheard(): boolean {
    return this.#tokens.fresh() === null && !this.#ports.some(({ problem }) => problem !== null);
  }

  // The hub may have a new key since it was started again; only the kernel can get a token of it.
  #retryWithNewToken(): void {
    this.#tokens.forget();
    this.#centrifuge.setToken("");
    if (this.#tokenTimer !== null) clearTimeout(this.#tokenTimer);
    this.#tokenTimer = setTimeout(() => this.#centrifuge.connect(), this.#tokenPauseMs);
    this.#tokenPauseMs = Math.min(Math.max(this.#tokenPauseMs * 2, 1_000), MAX_TOKEN_PAUSE_MS);
  }

  #report(phase: Phase, problem: string | null, detail: string | null = null, changes = this.#status.changes): void {
    this.#problem = problem;
    const transport = phase === "live" ? this.#lastTransport : null;
    const reason = problem ?? (transport === "relay" ? this.#choice.reason : null);
    this.#status = { phase, transport, reason, detail, changes };
    this.#listeners.call();
  }

  #stopIfUnused(): void {
    if (this.#ports.length > 0 || !this.#shelf.empty) return;
    if (this.#tokenTimer !== null) clearTimeout(this.#tokenTimer);
    if (this.#kernelTimer !== null) clearTimeout(this.#kernelTimer);
    this.#kernelTimer = null;
    this.#choice.rest();
    this.#centrifuge.disconnect();
  }
}

/** What the hub says it takes in one message; one that says nothing has to say it when it is too much. */
function maxMessageBytes(greeting: unknown): number {
  const said = isObject(greeting) && isObject(greeting.rtwidgets) ? greeting.rtwidgets.max_message_bytes : null;
  return typeof said === "number" && said > 0 ? said : Number.POSITIVE_INFINITY;
}

/** The id of the hub process, as the connect reply says it: the hub's where that has only one. */
function processIn(data: unknown): string | null {
  const greeting = isObject(data) ? data.rtwidgets : null;
  if (!isObject(greeting)) return null;
  const id = greeting.process ?? greeting.hub;
  return typeof id === "string" ? id : null;
}
