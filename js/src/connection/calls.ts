// Publishing and calling commands, with deadlines and errors of our own.

import type { Centrifuge } from "centrifuge";
import { isObject } from "../feeds/columns.ts";
import { noRight } from "./binding.ts";
import type { Need, Tokens } from "./tokens.ts";
import type { CallError } from "./types.ts";

const PUBLISH_TIMEOUT_MS = 10_000;
/** The hub's own deadline comes first; this one is for a hub that does not answer at all. */
const GRACE_MS = 1_000;
const CANCEL_TIMEOUT_MS = 10_000;
const CONNECTION_CLOSED = 11;
const PERMISSION_DENIED = 103;
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
  /** The hub process that we are or were connected to. */
  hubId: string | null = null;
  readonly #client: Centrifuge;
  readonly #tokens: Tokens;
  readonly #whyNotConnected: () => string | null;

  constructor(client: Centrifuge, tokens: Tokens, whyNotConnected: () => string | null) {
    this.#client = client;
    this.#tokens = tokens;
    this.#whyNotConnected = whyNotConnected;
  }

  /** Publish; sent again once if the connection broke meanwhile, as what we publish bears repetition. */
  async publish(channel: string, data: unknown): Promise<void> {
    await this.#right({ target: channel, verb: "publish" });
    const send = (): Promise<unknown> => this.#client.publish(channel, data);
    try {
      await this.#within(PUBLISH_TIMEOUT_MS, `publishing to ${channel}`, send);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== CONNECTION_CLOSED) throw error;
      await this.#within(PUBLISH_TIMEOUT_MS, `publishing to ${channel}`, send);
    }
  }

  async call(command: string, args: Record<string, unknown>, timeoutMs: number, key: string): Promise<unknown> {
    await this.#right({ target: `command:${command}`, verb: "command" });
    const data = { command, args, timeout_ms: timeoutMs, ...(key && { key }) };
    try {
      const until = Date.now() + timeoutMs;
      const ask = (): Promise<{ data: unknown }> => (key ? this.#askAgain(data, until) : this.#client.rpc("rtwidgets.call", data));
      const reply = await this.#within(timeoutMs + GRACE_MS, command, ask, key === "");
      return isObject(reply.data) ? reply.data.result : undefined;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== CONNECTION_CLOSED) throw error;
      // Not sent again: it may have acted.
      throw new Failure(UNKNOWN_OUTCOME, `${command}: the connection broke before the answer; the outcome is unknown`);
    }
  }

  async cancel(command: string, call: { readonly id: string } | { readonly key: string }): Promise<void> {
    await this.#right({ target: `command:${command}`, verb: "command" });
    const data = "id" in call ? { call: call.id } : { command, key: call.key };
    await this.#within(CANCEL_TIMEOUT_MS, `cancelling ${command}`, () => this.#client.rpc("rtwidgets.cancel", data));
  }

  /** Ask for a call with a key until there is an answer: the hub knows what became of it, as long as it is the same. */
  async #askAgain(data: unknown, untilMs: number): Promise<{ data: unknown }> {
    for (;;) {
      const hub = this.hubId;
      try {
        return await this.#client.rpc("rtwidgets.call", data);
      } catch (error) {
        if (codeOf(error) !== CONNECTION_CLOSED) throw error;
        await this.#client.ready().catch(() => Promise.reject(error));
        if ((hub !== null && hub !== this.hubId) || Date.now() > untilMs) throw error;
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

function codeOf(error: unknown): unknown {
  return isObject(error) ? error.code : null;
}

/** Centrifuge rejects with plain objects {code, message}. */
function asFailure(what: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (isObject(error) && typeof error.code === "number") return new Failure(error.code, `${what}: ${String(error.message)}`);
  return new Failure(0, `${what}: ${String(error)}`);
}
