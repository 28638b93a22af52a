import assert from "node:assert/strict";
import { test } from "node:test";
import { RelayPort } from "../../src/connection/relay.ts";
import { FakeModel, sleep } from "./fakes.ts";

const HELLO = { origin: "http://localhost:8888", base: "http://localhost:8888/" };

function port(t: { after(fn: () => void): void }): { model: FakeModel; port: RelayPort } {
  const model = new FakeModel();
  const made = new RelayPort(model, "p1", HELLO);
  t.after(() => made.close());
  return { model, port: made };
}

test("a page says hello at once and takes the kernel's config", (t) => {
  const { model, port: made } = port(t);
  assert.deepEqual(model.sent[0], { type: "hello", page: "p1", ...HELLO });
  model.bundle([{ type: "config", page: "other", hub_id: "x", port: 1, token: "t", expires_at_ms: 1 }]);
  assert.equal(made.config, null);
  model.bundle([{ type: "config", page: "p1", hub_id: "h", port: 8090, public_url: null, token: "t", expires_at_ms: 9, caps: { "stream:px": ["subscribe"] } }]);
  assert.deepEqual(made.config, { hubId: "h", port: 8090, publicUrl: null });
  const { cameAtMs = 0, ...token } = made.token ?? {};
  assert.deepEqual(token, { token: "t", expiresAtMs: 9, caps: new Map([["stream:px", new Set(["subscribe"])]]) });
  assert.ok(Math.abs(Date.now() - cameAtMs) < 1_000);
});

test("a relay socket opens, carries frames both ways and closes", async (t) => {
  const { model, port: made } = port(t);
  const socket = made.open();
  const heard: unknown[] = [];
  socket.onopen = () => heard.push("open");
  socket.onmessage = ({ data }) => heard.push(data);
  socket.onclose = ({ code, reason }) => heard.push([code, reason]);
  assert.throws(() => socket.send("early"), /not open yet/);
  await sleep(0);
  const { conn } = model.sent.at(-1) ?? {};
  assert.equal(model.sent.at(-1)?.type, "open");
  model.bundle([
    { type: "opened", page: "p1", conn },
    { type: "frames", page: "p1", conn, frames: '{"a":"ü"}\n{}' },
  ]);
  socket.send('{"id":1}');
  assert.deepEqual(model.sent.filter(({ type }) => type === "frame").at(-1), { type: "frame", page: "p1", conn, data: '{"id":1}' });
  model.bundle([{ type: "closed", page: "p1", conn, code: 3012, reason: "no pong" }]);
  assert.deepEqual(heard, ["open", '{"a":"ü"}\n{}', [3012, "no pong"]]);
  assert.equal(socket.readyState, 3);
});

test("closing from the page tells the kernel and the caller later", async (t) => {
  const { model, port: made } = port(t);
  const socket = made.open();
  await sleep(0);
  let closed = 0;
  socket.onclose = () => closed++;
  socket.close();
  assert.equal(closed, 0);
  await sleep(0);
  assert.equal(closed, 1);
  assert.equal(model.sent.at(-1)?.type, "close");
});

test("bundles are acknowledged at once and then at most every 200 ms", async (t) => {
  const { model } = port(t);
  for (let i = 0; i < 20; i++) model.bundle([{ type: "token", page: "p1", token: "t", expires_at_ms: 1 }]);
  assert.deepEqual(model.sent.filter(({ type }) => type === "ack").map(({ seq }) => seq), [1]);
  await sleep(260);
  assert.deepEqual(model.sent.filter(({ type }) => type === "ack").map(({ seq }) => seq), [1, 20]);
});

test("a bundle for other pages is not acknowledged", async (t) => {
  const { model } = port(t);
  model.bundle([{ type: "frames", page: "p2", conn: "1", frames: "{}" }]);
  await sleep(250);
  assert.equal(model.types().includes("ack"), false);
});

test("a dead comm closes its sockets instead of hanging them", async (t) => {
  const { model, port: made } = port(t);
  const socket = made.open();
  let closed: number | null = null;
  socket.onclose = ({ code }) => (closed = code);
  model.dead = true;
  await sleep(0);
  assert.equal(closed, 4001);
});

test("a port that closes ends its sockets and hears nothing more", async () => {
  const model = new FakeModel();
  const made = new RelayPort(model, "p1", HELLO);
  const socket = made.open();
  await sleep(0);
  let reason = "";
  socket.onclose = (event) => (reason = event.reason);
  made.close();
  assert.match(reason, /relay is gone/);
  model.bundle([{ type: "config", page: "p1", hub_id: "h", port: 1 }]);
  assert.equal(made.config, null);
});

test("what is no bundle is ignored", (t) => {
  const { model, port: made } = port(t);
  model.bundle([{ type: "opened", page: "p1", conn: "99" }, { type: "frames", page: "p1", conn: "1", buffer: 7 }, { type: "?", page: "p1" }]);
  assert.equal(made.config, null);
});

test("when the kernel's comm changes and nothing answers, what runs over it closes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { model, port: made } = port(t);
  const socket = made.open();
  await Promise.resolve();
  let closed: unknown = null;
  socket.onclose = (event) => (closed = event);
  model.trigger("comm_live_update");
  assert.equal(model.sent.at(-1)?.type, "hello");
  t.mock.timers.tick(3_000);
  assert.deepEqual(closed, { code: 4001, reason: "the kernel does not answer" });
  assert.equal(made.answers, false);
});

test("a kernel that answers the check keeps its connections", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { model, port: made } = port(t);
  const socket = made.open();
  await Promise.resolve();
  made.check();
  model.bundle([{ type: "token", page: "p1", token: "t", expires_at_ms: 1 }]);
  t.mock.timers.tick(10_000);
  assert.equal(socket.readyState, 0);
  assert.equal(made.answers, true);
});
