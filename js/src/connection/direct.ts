// The direct ways from the page to the hub, and whether one works.

import { isObject } from "../feeds/columns.ts";
import type { RelayConfig, SocketLike } from "./relay.ts";

/** Makes a WebSocket; null where the browser has none. */
export type OpenSocket = (url: string) => SocketLike;

const PATH = "connection/websocket";
const PROBE_TIMEOUT_MS = 5_000;

/** The page, as far as it matters for finding the hub. */
export interface Page {
  /** Jupyter's base URL, absolute, with a slash at its end. */
  readonly base: string;
  readonly hostname: string;
}

/** A way that may work. */
export interface Candidate {
  readonly url: string;
  /** Where to ask first which hub answers there; null when the address can't be read from this page. */
  readonly health: string | null;
}

/** Jupyter's base URL, as absolute as the page allows. */
export function jupyterBase(document: Document): string {
  const config = document.getElementById("jupyter-config-data")?.textContent;
  let base = document.body?.dataset.baseUrl;
  if (config) {
    try {
      const parsed: unknown = JSON.parse(config);
      if (isObject(parsed) && typeof parsed.baseUrl === "string") base = parsed.baseUrl;
    } catch {
      // Not Jupyter's element after all.
    }
  }
  return new URL(base ?? ".", document.baseURI).href.replace(/[?#].*$/, "").replace(/\/*$/, "/");
}

/** The ways to try, best first. */
export function candidates(config: RelayConfig, page: Page): Candidate[] {
  const list: Candidate[] = [];
  if (config.publicUrl !== null) list.push({ url: socketUrl(config.publicUrl), health: null });
  if (config.port !== null) {
    if (/^https?:/.test(page.base)) {
      const proxy = `${page.base}proxy/${config.port}/`;
      list.push({ url: socketUrl(proxy), health: `${proxy}health` });
    }
    if (isLoopback(page.hostname)) list.push({ url: `ws://127.0.0.1:${config.port}/${PATH}`, health: null });
  }
  return list;
}

/** The WebSocket address below a hub's URL. */
export function socketUrl(url: string): string {
  const socket = url.replace(/^http/, "ws").replace(/[?#].*$/, "");
  return socket.endsWith(`/${PATH}`) ? socket : `${socket.replace(/\/*$/, "/")}${PATH}`;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127\./.test(hostname);
}

/** Whether the hub answers there: null when it does, else why not. */
export type Probe = (candidate: Candidate, hubId: string, token: string, signal: AbortSignal) => Promise<string | null>;

/**
 * A probe that connects for real, as a proxy may pass plain requests and stop WebSockets.
 *
 * It takes the way only if the same hub answers: on the user's own machine the port may belong to anything.
 */
export function socketProbe(open: OpenSocket, fetchJson: (url: string, signal: AbortSignal) => Promise<unknown>): Probe {
  return async (candidate, hubId, token, signal) => {
    if (candidate.health !== null) {
      try {
        const health = await fetchJson(candidate.health, signal);
        if (!isObject(health) || health.hub !== hubId) return `${candidate.health} is not our hub`;
      } catch (error) {
        return `${candidate.health} does not answer (${error instanceof Error ? error.message : String(error)})`;
      }
    }
    return tryConnect(open, candidate.url, hubId, token, signal);
  };
}

function tryConnect(
  open: OpenSocket,
  url: string,
  hubId: string,
  token: string,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve) => {
    let socket: SocketLike;
    const end = (result: string | null): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      resolve(result);
      if (socket && socket.readyState < 2) socket.close();
    };
    const onAbort = (): void => end("stopped");
    const timer = setTimeout(() => end(`${url} does not answer`), PROBE_TIMEOUT_MS);
    signal.addEventListener("abort", onAbort);
    try {
      socket = open(url);
    } catch (error) {
      // Such as a secure page that may not open ws://.
      end(`${url} may not be opened (${error instanceof Error ? error.message : String(error)})`);
      return;
    }
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, connect: { token, name: "probe" } }));
    socket.onclose = ({ code, reason }) => end(`${url} does not open (${code}${reason ? ` ${reason}` : ""})`);
    socket.onmessage = ({ data }) => {
      const answer = hubOf(String(data));
      end(answer === hubId ? null : `${url} is another hub or refuses us`);
    };
  });
}

/** The hub's id in the first line of its answer to connect; null when it is none. */
function hubOf(frame: string): string | null {
  try {
    const reply: unknown = JSON.parse(frame.split("\n", 1)[0] ?? "");
    const connect = isObject(reply) ? reply.connect : null;
    const data = isObject(connect) ? connect.data : null;
    const ours = isObject(data) ? data.rtwidgets : null;
    return isObject(ours) && typeof ours.hub === "string" ? ours.hub : null;
  } catch {
    return null;
  }
}

/** Read JSON from our own origin, as the user. */
export async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}
