import assert from "node:assert/strict";
import { test } from "node:test";
import { candidates, jupyterBase, socketProbe, socketUrl } from "../../src/connection/direct.ts";
import type { SocketLike } from "../../src/connection/relay.ts";

const CONFIG = { hubId: "h1", port: 8090, publicUrl: null };

test("candidates are the public address, then Jupyter's proxy, then loopback", () => {
  const page = { base: "https://lab.example.org/user/ann/", hostname: "lab.example.org" };
  assert.deepEqual(candidates({ ...CONFIG, publicUrl: "https://hub.example.org/" }, page), [
    { url: "wss://hub.example.org/connection/websocket", health: null },
    {
      url: "wss://lab.example.org/user/ann/proxy/8090/connection/websocket",
      health: "https://lab.example.org/user/ann/proxy/8090/health",
    },
  ]);
  const local = candidates(CONFIG, { base: "http://localhost:8888/", hostname: "localhost" });
  assert.deepEqual(local.map(({ url }) => url), [
    "ws://localhost:8888/proxy/8090/connection/websocket",
    "ws://127.0.0.1:8090/connection/websocket",
  ]);
});

test("a hub elsewhere has its public address only", () => {
  const page = { base: "http://localhost:8888/", hostname: "localhost" };
  assert.deepEqual(candidates({ hubId: "h", port: null, publicUrl: "wss://hub.example.org/x" }, page).map(({ url }) => url), [
    "wss://hub.example.org/x/connection/websocket",
  ]);
});

test("a page that is no web page, as in VS Code, has no proxy", () => {
  assert.deepEqual(candidates(CONFIG, { base: "vscode-webview://abc/", hostname: "abc" }), []);
});

test("socket addresses keep a path that is given whole", () => {
  assert.equal(socketUrl("ws://h:1/connection/websocket"), "ws://h:1/connection/websocket");
  assert.equal(socketUrl("https://h/base?x=1"), "wss://h/base/connection/websocket");
});

function page(config: string | null, body: string | undefined, baseURI: string): Document {
  return {
    getElementById: () => (config === null ? null : { textContent: config }),
    body: { dataset: { baseUrl: body } },
    baseURI,
  } as unknown as Document;
}

test("Jupyter's base comes from its config, its body or the page", () => {
  const at = "https://lab.example.org/user/ann/lab/tree/x.ipynb?a=1#b";
  assert.equal(jupyterBase(page('{"baseUrl": "/user/ann/"}', undefined, at)), "https://lab.example.org/user/ann/");
  assert.equal(jupyterBase(page(null, "/user/bob", at)), "https://lab.example.org/user/bob/");
  assert.equal(jupyterBase(page("{broken", "/n/", at)), "https://lab.example.org/n/");
  assert.equal(jupyterBase(page(null, undefined, "https://h/voila/render/")), "https://h/voila/render/");
});

class Answering implements SocketLike {
  readyState = 0;
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  sent: string[] = [];
  closed = false;

  constructor(answer: string | null) {
    queueMicrotask(() => {
      this.readyState = 1;
      this.onopen?.({});
      if (answer === null) this.onclose?.({ code: 1006, reason: "" });
      else this.onmessage?.({ data: answer });
    });
  }

  send(data: string): void {
    this.sent.push(data);
  }

  close(): void {
    this.closed = true;
  }
}

const ANSWER = '{"id":1,"connect":{"client":"c","data":{"rtwidgets":{"hub":"h1"}}}}\n{}';
const WAY = { url: "ws://127.0.0.1:8090/connection/websocket", health: null };
const { signal } = new AbortController();
const noFetch = (): Promise<unknown> => Promise.reject(new Error("status 404"));

test("a way is taken only if the same hub answers on a real socket", async () => {
  const made: Answering[] = [];
  const probe = (answer: string | null) =>
    socketProbe(() => {
      const socket = new Answering(answer);
      made.push(socket);
      return socket;
    }, noFetch)(WAY, "h1", "token", signal);
  assert.equal(await probe(ANSWER), null);
  assert.equal(made[0]?.closed, true);
  assert.deepEqual(JSON.parse(made[0]?.sent[0] ?? ""), { id: 1, connect: { token: "token", name: "probe" } });
  assert.match((await probe(ANSWER.replace("h1", "h2"))) ?? "", /another hub or refuses us/);
  assert.match((await probe('{"id":1,"error":{"code":103,"message":"no"}}')) ?? "", /refuses us/);
  assert.match((await probe("not json")) ?? "", /refuses us/);
  assert.match((await probe(null)) ?? "", /does not open \(1006/);
});

test("behind a proxy the hub is asked for its id before a token is sent", async () => {
  let opened = 0;
  const open = (): SocketLike => {
    opened++;
    return new Answering(ANSWER);
  };
  const way = { url: "ws://h/proxy/1/connection/websocket", health: "http://h/proxy/1/health" };
  assert.match((await socketProbe(open, noFetch)(way, "h1", "t", signal)) ?? "", /does not answer \(status 404\)/);
  assert.match((await socketProbe(open, () => Promise.resolve({ hub: "zz" }))(way, "h1", "t", signal)) ?? "", /not our hub/);
  assert.equal(opened, 0);
  assert.equal(await socketProbe(open, () => Promise.resolve({ hub: "h1" }))(way, "h1", "t", signal), null);
});

test("an address the browser refuses to open is a reason, not an exception", async () => {
  const probe = socketProbe(() => {
    throw new Error("mixed content");
  }, noFetch);
  assert.match((await probe(WAY, "h1", "t", signal)) ?? "", /may not be opened \(mixed content\)/);
});
