// Publishing and calling commands, with deadlines and errors of our own.

import type { Centrifuge } from "centrifuge";
import { isObject } from "../feeds/columns.ts";
import type { OnlyIf } from "../feeds/value.ts";
import { noRight } from "./binding.ts";
import type { Need, Tokens } from "./tokens.ts";
import type { CallError } from "./types.ts";

const PUBLISH_TIMEOUT_MS = 10_000;
/** The hub's own deadline comes first; this one is for a hub that does not answer at all. */
const GRACE_MS = 1_000;
/** What goes around the data of a publication, and then some. */
const ENVELOPE_BYTES = 512;
const CONNECTION_CLOSED = 11;
const PERMISSION_DENIED = 103;
const LIMIT_EXCEEDED = 106;
const METHOD_NOT_FOUND = 104;
const NOT_AVAILABLE = 108;
const RIGHT_TIMEOUT_MS = 5_000;
const DEADLINE = 1002;
const UNKNOWN_OUTCOME = 1003;

class Failure extends Error implements CallError {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "CallError";
    this.code = code;
  }
}

export class Calls {
  /** How many are under way that a break of the connection would harm. */
  pending = 0;
  /** What the hub takes in one message; it says so when it is connected to. */
  maxMessageBytes = Number.POSITIVE_INFINITY;
  /** The hub process that we are or were connected to. */
  processId: string | null = null;
  readonly #client: Centrifuge;
  readonly #tokens: Tokens;
  readonly #whyNotConnected: () => string | null;

  constructor(client: Centrifuge, tokens: Tokens, whyNotConnected: () => string | null) {
    this.#client = client;
    this.#tokens = tokens;
    this.#whyNotConnected = whyNotConnected;
  }

  async publish(channel: string, data: unknown): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(data)).length + ENVELOPE_BYTES;
    // The hub would close the connection of all widgets.
    if (bytes > this.maxMessageBytes) throw new Failure(LIMIT_EXCEEDED, tooLarge(channel, bytes, this.maxMessageBytes));
    await this.#right({ target: channel, verb: "publish" });
    await this.#repeatable(`publishing to ${channel}`, () => this.#client.publish(channel, data));
  }

  /** Set a value, where it has to be so only if it has not moved; return its version where the hub knows of one. */
  async set(channel: string, data: unknown, onlyIf: OnlyIf | null): Promise<number | null> {
    await this.#right({ target: channel, verb: "publish" });
    const what = `setting ${channel}`;
    const condition = onlyIf && { if_version: onlyIf.version, epoch: onlyIf.epoch };
    const send = () => this.#client.rpc("rtwidgets.set", { channel, data, ...condition });
    try {
      const reply = await (onlyIf ? this.#once(PUBLISH_TIMEOUT_MS, what, send) : this.#repeatable(what, send));
      return isObject(reply.data) && typeof reply.data.version === "number" ? reply.data.version : null;
    } catch (error) {
      const isUnknown = error instanceof Failure && (error.code === METHOD_NOT_FOUND || error.code === NOT_AVAILABLE);
      if (!isUnknown || onlyIf) throw error;
      // Another program's hub of the same protocol.
      await this.publish(channel, data);
      return null;
    }
  }

  /** Tell the hub what is worth nothing later: now or never. */
  tell(method: string, data: unknown): void {
    if (this.#client.state === "connected") this.#client.rpc(method, data).catch(() => undefined);
  }

  /** Call a method of the hub itself. */
  async ask(method: string, data: unknown): Promise<unknown> {
    return (await this.#within(PUBLISH_TIMEOUT_MS, method, () => this.#client.rpc(method, data))).data;
  }

  async call(command: string, args: Record<string, unknown>, timeoutMs: number, key: string): Promise<unknown> {
    await this.#right({ target: `command:${command}`, verb: "command" });
    const data = { command, args, timeout_ms: timeoutMs, ...(key && { key }) };
    const untilMs = Date.now() + timeoutMs;
    const send = () => (key ? this.#askAgain(data, untilMs) : this.#client.rpc("rtwidgets.call", data));
    const reply = await this.#once(timeoutMs + GRACE_MS, command, send, key === "");
    return isObject(reply.data) ? reply.data.result : undefined;
  }

  async cancel(command: string, call: { readonly id: string } | { readonly key: string }): Promise<void> {
    await this.#right({ target: `command:${command}`, verb: "command" });
    const data = "id" in call ? { call: call.id } : { command, key: call.key };
    await this.#within(PUBLISH_TIMEOUT_MS, `cancelling ${command}`, () => this.#client.rpc("rtwidgets.cancel", data));
  }

  /** Ask again once if the connection broke meanwhile, as it bears repetition. */
  async #repeatable<T>(what: string, start: () => Promise<T>): Promise<T> {
    try {
      return await this.#within(PUBLISH_TIMEOUT_MS, what, start);
    } catch (error) {
      if (!isBroken(error)) throw error;
      return await this.#within(PUBLISH_TIMEOUT_MS, what, start);
    }
  }

  /** Do not ask again: it may have acted. */
  async #once<T>(timeoutMs: number, what: string, start: () => Promise<T>, counts = true): Promise<T> {
    try {
      return await this.#within(timeoutMs, what, start, counts);
    } catch (error) {
      if (!isBroken(error)) throw error;
      throw new Failure(UNKNOWN_OUTCOME, `${what}: the connection broke before the answer; the outcome is unknown`);
    }
  }

  /** Ask for a call with a key until there is an answer: the hub process knows what became of it, as long as it is the same. */
  async #askAgain(data: unknown, untilMs: number): Promise<{ data: unknown }> {
    for (;;) {
      const process = this.processId;
      try {
        return await this.#client.rpc("rtwidgets.call", data);
      } catch (error) {
        if (codeOf(error) !== CONNECTION_CLOSED) throw error;
        await this.#client.ready().catch(() => Promise.reject(error));
        if ((process !== null && process !== this.processId) || Date.now() > untilMs) throw error;
      }
    }
  }

  /** Wait for a token that was made for this, too, where it is on its way. */
  async #right(need: Need): Promise<void> {
    if (this.#tokens.covers(need) || this.#client.state !== "connected") return;
    await this.#tokens.when(need, AbortSignal.timeout(RIGHT_TIMEOUT_MS));
    if (!this.#tokens.covers(need)) throw new Failure(PERMISSION_DENIED, noRight(need));
  }

  async #within<T>(timeoutMs: number, what: string, start: () => Promise<T>, counts = true): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const why = this.#client.state === "connected" ? null : (this.#whyNotConnected() ?? "not connected yet");
        reject(new Failure(DEADLINE, `${what}: no answer in ${timeoutMs / 1000} s${why ? `; the hub can't be reached: ${why}` : ""}`));
      }, timeoutMs);
    });
    // A call that outlives a change of the transport does not hold it up.
    if (counts) this.pending++;
    try {
      return await Promise.race([start(), deadline]);
    } catch (error) {
      throw asFailure(what, error);
    } finally {
      if (counts) this.pending--;
      clearTimeout(timer);
    }
  }
}

function tooLarge(channel: string, bytes: number, most: number): string {
  return `a publication to ${channel} has ${bytes} bytes, the hub takes ${most}: send less at once`;
}

function codeOf(error: unknown): unknown {
  return isObject(error) ? error.code : null;
}

function isBroken(error: unknown): boolean {
  return error instanceof Failure && error.code === CONNECTION_CLOSED;
}

/** Centrifuge rejects with plain objects {code, message}. */
function asFailure(what: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (isObject(error) && typeof error.code === "number") return new Failure(error.code, `${what}: ${String(error.message)}`);
  return new Failure(0, `${what}: ${String(error)}`);
}
