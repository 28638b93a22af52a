import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { socketProbe, type OpenSocket } from "../../src/connection/direct.ts";
import { Connection } from "../../src/connection/hub.ts";
import { RelayPort, type SocketLike } from "../../src/connection/relay.ts";
import { FakeWant } from "../harness/wants.ts";
import { sleep, until } from "./fakes.ts";
import { FakeKernel } from "./kernel.ts";
import { ScriptedHub } from "./scripted_hub.ts";

// The page is on loopback and not on the web, so the one candidate is ws://127.0.0.1:{port}.
const PAGE = { base: "file:///x/", hostname: "localhost" };
const noFetch = (): Promise<unknown> => Promise.reject(new Error("no proxy here"));

interface Setup {
  readonly hub: ScriptedHub;
  readonly kernel: FakeKernel;
  readonly connection: Connection;
  readonly port: RelayPort;
  readonly direct: WebSocket[];
  readonly ending: AbortController;
}

async function setUp(t: TestContext, options: { advertisedPort?: number; noWebSocket?: boolean; caps?: Record<string, string[]> } = {}): Promise<Setup> {
  const hub = new ScriptedHub();
  await hub.ready();
  const kernel = new FakeKernel(hub.port, options.advertisedPort);
  if (options.caps) kernel.caps = options.caps;
  const direct: WebSocket[] = [];
  const open: OpenSocket = (url) => {
    const socket = new WebSocket(url);
    socket.on("error", () => undefined);
    direct.push(socket);
    return socket as unknown as SocketLike;
  };
  const connection = new Connection("hub-key", {
    page: PAGE,
    openSocket: options.noWebSocket ? null : open,
    probe: socketProbe(open, noFetch),
  });
  const port = new RelayPort(kernel.model, "p1", { origin: "http://localhost", base: PAGE.base });
  connection.addPort(port);
  const ending = new AbortController();
  t.after(async () => {
    ending.abort();
    connection.removePort(port);
    kernel.stop();
    await hub.stop();
  });
  return { hub, kernel, connection, port, direct, ending };
}

/** A connection whose stream's rows are collected as they come. */
function follow({ connection, ending }: Setup): { rows: unknown[]; feed: ReturnType<Connection["stream"]> } {
  const rows: unknown[] = [];
  const feed = connection.stream("stream:px", new FakeWant(), ending.signal);
  feed.onBatch((batch, reset) => {
    if (reset) rows.length = 0;
    rows.push(...(batch.n ?? []));
  }, ending.signal);
  return { rows, feed };
}

test("a page starts on the relay and changes over to the direct way by itself", async (t) => {
  const setup = await setUp(t);
  const { hub, connection } = setup;
  hub.append({ n: [1] });
  const { rows, feed } = follow(setup);
  const transports: unknown[] = [];
  connection.onStatus(() => connection.status.phase === "live" && transports.push(connection.status.transport), setup.ending.signal);
  await until("direct", () => connection.status.transport === "direct");
  hub.append({ n: [2] });
  await until("rows", () => rows.length === 2);
  assert.deepEqual(rows, [1, 2]);
  assert.equal(feed.status.lastTimeMs, 1_700_000_000_000);
  assert.deepEqual([feed.status.gaps, feed.status.repeats, feed.status.lost], [0, 0, 0]);
  assert.equal(connection.status.reason, null);
  assert.equal(transports.at(-1), "direct");
});

test("a blocked direct way leaves everything on the relay and says why", async (t) => {
  const setup = await setUp(t, { advertisedPort: 9 });
  const { hub, connection } = setup;
  const { rows } = follow(setup);
  hub.append({ n: [1] });
  await until("rows", () => rows.length === 1);
  await until("a reason", () => connection.status.reason !== null);
  assert.equal(connection.status.transport, "relay");
  assert.match(connection.status.reason ?? "", /ws:\/\/127\.0\.0\.1:9\/connection\/websocket does not open/);
});

test("a browser without WebSocket stays on the relay and says so", async (t) => {
  const setup = await setUp(t, { noWebSocket: true });
  await until("live", () => setup.connection.status.phase === "live");
  await until("a reason", () => setup.connection.status.reason === "this browser has no WebSocket");
  assert.equal(setup.connection.status.transport, "relay");
});

test("through many changes of the transport every publication is seen once, in order", async (t) => {
  const setup = await setUp(t);
  const { hub, connection, direct } = setup;
  const { rows, feed } = follow(setup);
  await until("live", () => connection.status.phase === "live");
  let n = 0;
  const publishing = setInterval(() => {
    for (let i = 0; i < 5; i++) hub.append({ n: [++n] });
  }, 10);
  t.after(() => clearInterval(publishing));
  // Break the direct way whenever it is in use; the page falls back and finds it again.
  const end = Date.now() + 5_000;
  while (Date.now() < end) {
    if (connection.status.transport === "direct") {
      await sleep(30);
      for (const socket of direct) socket.terminate();
    }
    await sleep(10);
  }
  clearInterval(publishing);
  await until("all rows", () => rows.length >= n);
  assert.ok(connection.status.changes >= 2, `${connection.status.changes} changes`);
  assert.deepEqual(rows, Array.from({ length: n }, (_, i) => i + 1));
  assert.deepEqual([feed.status.gaps, feed.status.repeats, feed.status.lost], [0, 0, 0]);
});

test("a hub that breaks every connection is found again, and nothing is missing", async (t) => {
  const setup = await setUp(t);
  const { hub, connection } = setup;
  const { rows, feed } = follow(setup);
  hub.append({ n: [1] });
  await until("direct", () => connection.status.transport === "direct");
  hub.breakAll();
  hub.append({ n: [2] });
  await until("rows", () => rows.length === 2);
  assert.deepEqual(rows, [1, 2]);
  assert.equal(feed.status.lost, 0);
});

test("a refused token is asked for again, and the connection comes", async (t) => {
  const setup = await setUp(t);
  setup.hub.badTokens.add("t0");
  await until("live", () => setup.connection.status.phase === "live");
  assert.ok(setup.kernel.tokens >= 1);
});

test("a refused subscription says so in the feed's status", async (t) => {
  const { connection, ending } = await setUp(t);
  const feed = connection.table("table:secret", new FakeWant(), ending.signal);
  await until("refused", () => feed.status.phase === "refused");
  assert.equal(feed.status.reason, "table:secret: permission denied (code 103)");
});

test("a channel that a hub just started again can't give yet is said to be missing, and comes", async (t) => {
  const setup = await setUp(t);
  const { hub, connection } = setup;
  const { rows, feed } = follow(setup);
  hub.append({ n: [1] });
  await until("direct", () => connection.status.transport === "direct" && feed.status.phase === "live");
  hub.busy = 2;
  const before = hub.subscribes;
  hub.breakAll();
  hub.append({ n: [2] });
  await until("said", () => feed.status.phase === "waiting" && feed.status.reason === "the archive is away");
  assert.equal(connection.status.phase, "live");
  await until("rows", () => rows.length === 2 && feed.status.phase === "live");
  assert.ok(hub.subscribes - before >= 3);
});

test("a channel is one feed for all its widgets, and one kind", async (t) => {
  const { connection, ending } = await setUp(t);
  assert.equal(connection.stream("stream:px", new FakeWant(), ending.signal), connection.stream("stream:px", new FakeWant(), ending.signal));
  assert.throws(() => connection.table("stream:px", new FakeWant(), ending.signal), /in use as a stream on this page, not as a table/);
});

test("a call returns its result, and the change of transport waits for it", async (t) => {
  const setup = await setUp(t);
  const { hub, connection } = setup;
  hub.answer = async (args) => {
    await sleep(300);
    return args;
  };
  await until("live", () => connection.status.phase === "live");
  assert.deepEqual(await connection.call("halt", { symbol: "ACME" }), { symbol: "ACME" });
  await until("direct", () => connection.status.transport === "direct");
});

test("a call whose connection breaks has an unknown outcome and is not sent again", async (t) => {
  const { hub, connection } = await setUp(t, { advertisedPort: 9 });
  let calls = 0;
  hub.answer = () => {
    calls++;
    setTimeout(() => hub.breakAll(), 50);
    return new Promise(() => undefined);
  };
  await until("live", () => connection.status.phase === "live");
  await assert.rejects(connection.call("halt", {}), { code: 1003 });
  await until("live again", () => connection.status.phase === "live");
  assert.equal(calls, 1);
});

/** A handler that answers the calls of each key together, once it is told to. */
function keyedHandler(hub: ScriptedHub): { starts: string[]; asks: string[]; finish: (result: unknown) => void } {
  const waiting: ((result: unknown) => void)[] = [];
  const seen = { starts: [] as string[], asks: [] as string[], finish: (result: unknown) => waiting.splice(0).forEach((done) => done(result)) };
  hub.answer = (_args, key = "") => {
    seen.asks.push(key);
    if (!seen.starts.includes(key)) seen.starts.push(key);
    return new Promise((done) => waiting.push(done));
  };
  return seen;
}

test("a call with a key outlives a break of the connection", async (t) => {
  const { hub, connection } = await setUp(t, { advertisedPort: 9 });
  const handler = keyedHandler(hub);
  await until("live", () => connection.status.phase === "live");
  const call = connection.call("halt", {}, 20_000, "k1");
  await until("asked", () => handler.asks.length === 1);
  hub.breakAll();
  await until("asked again", () => handler.asks.length === 2);
  handler.finish(7);
  assert.equal(await call, 7);
  assert.deepEqual(handler.starts, ["k1"]);
});

test("a call with a key does not hold up the change of transport", async (t) => {
  const { hub, kernel, connection } = await setUp(t, { advertisedPort: 9 });
  const handler = keyedHandler(hub);
  await until("live", () => connection.status.phase === "live");
  const call = connection.call("halt", {}, 20_000, "k1");
  await until("asked", () => handler.asks.length === 1);
  // The direct way opens while the call is under way.
  kernel.model.bundle([
    { type: "config", page: "p1", hub_id: "h1", port: hub.port, public_url: null, token: "t9", expires_at_ms: Date.now() + 9e5, caps: kernel.caps },
  ]);
  // Sooner than a change waits for what it would harm.
  await until("direct", () => connection.status.transport === "direct", 2_000);
  await until("asked again", () => handler.asks.length === 2);
  handler.finish(7);
  assert.equal(await call, 7);
  assert.deepEqual(handler.starts, ["k1"]);
});

test("a hub that was started anew is not asked for the calls of the one before", async (t) => {
  const { hub, connection } = await setUp(t, { advertisedPort: 9 });
  const handler = keyedHandler(hub);
  await until("live", () => connection.status.phase === "live");
  const call = connection.call("halt", {}, 20_000, "k1");
  await until("asked", () => handler.asks.length === 1);
  Object.assign(hub, { id: "h2" });
  hub.breakAll();
  await assert.rejects(call, { code: 1003, message: /the outcome is unknown/ });
  assert.equal(handler.asks.length, 1);
});

test("calls are cancelled by id and by key, with the right to call the command", async (t) => {
  const { hub, connection } = await setUp(t, { advertisedPort: 9 });
  await until("live", () => connection.status.phase === "live");
  await connection.cancel("halt", { id: "c1" });
  await connection.cancel("halt", { key: "k1" });
  assert.deepEqual(hub.cancelled, [{ call: "c1" }, { command: "halt", key: "k1" }]);
  await assert.rejects(connection.cancel("stop", { id: "c1" }), { code: 103 });
});

test("a value is set through the connection, and its version comes back", async (t) => {
  const { hub, connection, ending } = await setUp(t);
  assert.equal(await connection.value("value:limit", new FakeWant(), ending.signal).set(120), 1);
  assert.deepEqual(hub.sets, [{ value: 120, version: undefined, epoch: undefined }]);
});

test("another program's hub, which knows no versions, gets the value as a publication", async (t) => {
  const { hub, connection, ending } = await setUp(t);
  hub.setAnswer = () => ({ code: 104, message: "method not found" });
  const limit = connection.value("value:limit", new FakeWant(), ending.signal);
  assert.equal(await limit.set(120), null);
  assert.deepEqual(hub.published, [120]);
  await assert.rejects(limit.setIf(1, 0), { code: 104 });
});

test("a set bears repetition when the connection broke, a conditional one does not", async (t) => {
  const { hub, connection, ending } = await setUp(t, { advertisedPort: 9 });
  const limit = connection.value("value:limit", new FakeWant(), ending.signal);
  await until("live", () => connection.status.phase === "live");
  const breakOnce = () => {
    hub.setAnswer = () => hub.sets.length;
    setTimeout(() => hub.breakAll(), 50);
    return null;
  };
  hub.setAnswer = breakOnce;
  assert.equal(await limit.set(7), 2);
  hub.setAnswer = breakOnce;
  await assert.rejects(limit.setIf(8, 2), { code: 1003, message: /the outcome is unknown/ });
  await until("live again", () => connection.status.phase === "live");
  assert.deepEqual(hub.sets.map(({ value, version }) => [value, version]), [[7, undefined], [7, undefined], [8, 2]]);
});

test("a conditional set that came too late says so", async (t) => {
  const { hub, connection, ending } = await setUp(t);
  hub.setAnswer = () => ({ code: 1005, message: "'value:limit' is not at version 3 any more" });
  const limit = connection.value("value:limit", new FakeWant(), ending.signal);
  await assert.rejects(limit.setIf(1, 3), { code: 1005, message: "setting value:limit: 'value:limit' is not at version 3 any more" });
});

test("another kernel of the same hub takes over when the first is gone", async (t) => {
  const setup = await setUp(t, { noWebSocket: true });
  const { hub, connection, port, kernel } = setup;
  const { rows } = follow(setup);
  hub.append({ n: [1] });
  await until("rows", () => rows.length === 1);
  const second = new FakeKernel(hub.port);
  const secondPort = new RelayPort(second.model, "p2", { origin: "", base: "" });
  connection.addPort(secondPort);
  t.after(() => {
    connection.removePort(secondPort);
    second.stop();
  });
  // The first kernel has gone without a word: the second one's coming makes the page ask it.
  kernel.answers = false;
  kernel.stop();
  await until("the second kernel's config", () => secondPort.config !== null);
  await until("the first kernel is given up", () => !port.answers);
  hub.append({ n: [2] });
  await until("rows over the second kernel", () => rows.length === 2);
  assert.deepEqual(rows, [1, 2]);
});

test("a hub that came back as another process on another port is followed", async (t) => {
  const setup = await setUp(t);
  const { hub, kernel, connection } = setup;
  const { rows, feed } = follow(setup);
  hub.append({ n: [1] });
  await until("direct", () => connection.status.transport === "direct");
  const next = new ScriptedHub();
  Object.assign(next, { id: "h2", epoch: "e2" });
  await next.ready();
  t.after(() => next.stop());
  hub.badTokens.add("t0");
  await hub.stop();
  kernel.hubId = "h2";
  kernel.hubPort = kernel.advertisedPort = next.port;
  kernel.model.bundle([
    { type: "config", page: "p1", hub_id: "h2", port: next.port, public_url: null, token: "t9", expires_at_ms: Date.now() + 9e5, caps: kernel.caps },
  ]);
  await until("live again", () => connection.status.phase === "live", 15_000);
  next.append({ n: [5] });
  await until("rows", () => rows.includes(5));
  assert.equal(feed.status.phase, "live");
  assert.equal(feed.status.lost, 1, "the old log is gone, and the feed says so");
});

test("the hub hears what the widgets of a channel want together, and when nobody looks any more", async (t) => {
  const { hub, connection, ending } = await setUp(t, { advertisedPort: 9 });
  const [first, second] = [new FakeWant(10), new FakeWant(60)];
  const feed = connection.stream("stream:px", first, ending.signal);
  await until("subscribed", () => feed.status.phase === "live");
  assert.deepEqual(hub.wishes, [{ max_hz: 10, visible: true }]);
  assert.equal(feed.status.maxHz, 10);
  const leaving = new AbortController();
  connection.stream("stream:px", second, leaving.signal);
  await until("the higher rate", () => feed.status.maxHz === 60);
  first.show(false);
  await sleep(1_200);
  assert.equal(hub.wishes.length, 2, "one of the two is still seen");
  second.show(false);
  second.show(true);
  await sleep(1_200);
  assert.equal(hub.wishes.length, 2, "a glance away is not told");
  second.show(false);
  await until("hidden", () => hub.wishes.length === 3);
  // The hub has it before the page has its answer; until then two wishes become one.
  first.show(true);
  await until("seen again", () => hub.wishes.length === 4);
  leaving.abort();
  await until("the lower rate again", () => feed.status.maxHz === 10);
  assert.deepEqual(hub.wishes.slice(2), [{ max_hz: 60, visible: false }, { max_hz: 60, visible: true }, { max_hz: 10, visible: true }]);
});

test("a subscription that breaks while nobody looks comes back hidden, and what it missed is counted as skipped", async (t) => {
  const setup = await setUp(t, { advertisedPort: 9 });
  const { hub, connection, ending } = setup;
  const want = new FakeWant(60, false);
  const feed = connection.stream("stream:px", want, ending.signal);
  hub.append({ n: [1] });
  await until("hidden", () => hub.wishes.at(-1)?.visible === false);
  const { connects } = hub;
  for (let n = 2; n < 8; n++) hub.log.push({ n: [n] });
  hub.forgets = true;
  hub.breakAll();
  await until("back", () => hub.connects > connects && feed.status.phase === "live" && feed.status.offset === 7);
  assert.deepEqual(hub.wishes.at(-1), { max_hz: 60, visible: false });
  assert.deepEqual([feed.status.skipped, feed.status.lost], [6, 0]);
});

test("a hub that knows of no wishes is not asked again", async (t) => {
  const { hub, connection, ending } = await setUp(t);
  hub.grants = false;
  const want = new FakeWant();
  const feed = connection.stream("stream:px", want, ending.signal);
  await until("subscribed", () => feed.status.phase === "live");
  want.show(false);
  await sleep(1_200);
  assert.equal(hub.rpcs, 0);
  assert.equal(feed.status.maxHz, null);
});

test("a widget whose right comes later waits for the wider token, and gets it without a reconnect", async (t) => {
  const setup = await setUp(t, { advertisedPort: 9 });
  const { hub, kernel, connection, ending } = setup;
  hub.gives = (token, target) => token.split(" ").some((part) => part === "wide" || (part === "t0" && target === "stream:px"));
  await until("live", () => connection.status.phase === "live");
  const feed = connection.value("value:late", new FakeWant(), ending.signal);
  const reasons = new Set<string | null>();
  feed.onStatus(() => reasons.add(feed.status.reason), ending.signal);
  const setting = feed.set(7);
  await sleep(100);
  assert.equal(hub.subscribes, 0, "nothing is asked in vain");
  kernel.caps = { ...kernel.caps, "value:late": ["subscribe", "publish"] };
  kernel.pushToken("p1", "wide");
  await until("subscribed", () => feed.status.phase === "live");
  await setting;
  assert.deepEqual(hub.sets.map(({ value }) => value), [7]);
  assert.deepEqual([...reasons], [null]);
  assert.equal(hub.connects, 1);
  assert.deepEqual(hub.shown, ["t0", "wide"]);
  assert.equal(kernel.tokens, 0, "the kernel pushed it before the page asked");
});

test("a wider token that got lost is asked for, and one that never comes is said", async (t) => {
  const { hub, kernel, connection, ending } = await setUp(t, { advertisedPort: 9 });
  hub.gives = (token) => token === "wide";
  await until("live", () => connection.status.phase === "live");
  const feed = connection.value("value:late", new FakeWant(), ending.signal);
  await assert.rejects(feed.set(7), {
    code: 103,
    message: "its kernel has given this page no right to publish on value:late; run the cell again",
  });
  await until("said", () => feed.status.reason !== null);
  assert.equal(feed.status.reason, "its kernel has given this page no right to subscribe on value:late; run the cell again");
  await assert.rejects(connection.call("stop", {}), /no right to call stop/);
  assert.ok(kernel.tokens >= 1, "the page asked");
  assert.equal(hub.subscribes, 0);
  kernel.caps = { ...kernel.caps, "value:late": ["subscribe", "publish"] };
  assert.equal(connection.may("publish", "value:late"), false);
  assert.equal(connection.denies("publish", "value:late"), false, "another token may come");
  kernel.pushToken("p1", "wide");
  await until("subscribed after all", () => feed.status.phase === "live");
  assert.equal(connection.may("publish", "value:late"), true);
});

test("a page with two kernels shows the hub both their tokens, also after the connection broke", async (t) => {
  const setup = await setUp(t, { advertisedPort: 9, caps: { "stream:px": ["subscribe"] } });
  const { hub, connection, port, ending } = setup;
  const rights: Record<string, string> = { t0: "stream:px", b0: "value:limit" };
  hub.gives = (token, target) => token.split(" ").some((part) => rights[part] === target);
  const { feed: px } = follow(setup);
  await until("live", () => px.status.phase === "live");
  const limit = connection.value("value:limit", new FakeWant(), ending.signal);
  const second = new FakeKernel(hub.port, 9);
  second.caps = { "value:limit": ["subscribe", "publish"] };
  second.name = "b";
  const secondPort = new RelayPort(second.model, "p2", { origin: "", base: "" });
  connection.addPort(secondPort);
  t.after(() => second.stop());
  await until("both", () => limit.status.phase === "live");
  assert.equal(px.status.phase, "live");
  assert.equal(hub.connects, 1);
  hub.breakAll();
  await until("away", () => hub.connects === 2 && px.status.phase === "live" && limit.status.phase === "live");
  assert.deepEqual(hub.shown.at(-1)?.split(" ").sort(), ["b0", "t0"]);
  // One kernel ends: its widgets live as long as its last token.
  connection.removePort(port);
  hub.breakAll();
  await until("back", () => hub.connects === 3 && px.status.phase === "live");
  connection.removePort(secondPort);
});

test("an event channel asks for what is kept, and for who is there when its token was made for that", async (t) => {
  const caps = { "event:team": ["subscribe", "presence"], "event:alerts": ["subscribe"] };
  const { hub, connection, ending } = await setUp(t, { advertisedPort: 9, caps });
  hub.gives = () => true;
  for (const channel of Object.keys(caps)) hub.snapshots[channel] = { publications: [{ data: channel, offset: 1, time: 5 }] };
  hub.present = { c7: { client: "c7", user: "ann", conn_info: { name: "Ann" } } };
  const team = connection.event("event:team", new FakeWant(), ending.signal);
  const alerts = connection.event("event:alerts", new FakeWant(), ending.signal);
  await until("members", () => team.members.length === 1 && alerts.status.phase === "live");
  assert.deepEqual(hub.wishes, [{ max_hz: 60, visible: true, snapshot: true }, { max_hz: 60, visible: true, snapshot: true }]);
  assert.deepEqual(team.members, [{ user: "ann", name: "Ann", clients: 1 }]);
  assert.deepEqual([team.events[0]?.data, alerts.events[0]?.data], ["event:team", "event:alerts"]);
  assert.equal(hub.presences, 1);
  hub.push("event:team", { join: { info: { client: "c8", user: "bob" } } });
  await until("bob", () => team.members.length === 2);
  hub.push("event:team", { leave: { info: { client: "c7", user: "ann" } } });
  await until("bob alone", () => team.members.length === 1);
  assert.deepEqual(team.members, [{ user: "bob", name: "bob", clients: 1 }]);

  // Who comes and goes all the time is told a few times a second, and the last of it in the end.
  let changes = 0;
  let told: readonly unknown[] = [];
  const hear = () => {
    changes += 1;
    told = team.members;
  };
  team.onChange(hear, ending.signal);
  const restless = { info: { client: "c9", user: "cy" } };
  for (let i = 0; i < 300; i++) {
    hub.push("event:team", { join: restless });
    hub.push("event:team", { leave: restless });
  }
  hub.push("event:team", { join: { info: { client: "c10", user: "dan" } } });
  await until("dan is told of", () => told.length === 2);
  assert.ok(changes < 20, `${changes} changes were told`);
});

test("a right that was lost is waited for, and not taken for refused", async (t) => {
  const setup = await setUp(t, { advertisedPort: 9 });
  const { hub, kernel, connection, ending } = setup;
  // The page may ask for a token of its own meanwhile: that one has all rights, too.
  hub.gives = (token, target) => token !== "less" || target === "stream:px";
  const limit = connection.value("value:limit", new FakeWant(), ending.signal);
  await until("live", () => limit.status.phase === "live");
  const { caps } = kernel;
  kernel.caps = { "stream:px": ["subscribe"] };
  kernel.pushToken("p1", "less");
  await until("dropped", () => limit.status.phase === "waiting");
  kernel.caps = caps;
  kernel.pushToken("p1", "more");
  await until("again", () => limit.status.phase === "live");
  assert.equal(hub.connects, 1);
});

test("each token that the kernel pushes is shown to the hub at once, and used for the next connection", async (t) => {
  const setup = await setUp(t, { advertisedPort: 9 });
  const { hub, kernel, connection } = setup;
  await until("live", () => connection.status.phase === "live");
  kernel.pushToken("p1", "next");
  await until("shown", () => hub.shown.length === 2);
  hub.breakAll();
  await until("again", () => hub.connects === 2);
  assert.deepEqual(hub.shown, ["t0", "next", "next"]);
});

test("a page whose token ended while its kernel was silent comes back when the kernel does", async (t) => {
  const { hub, kernel, connection, port } = await setUp(t, { advertisedPort: 9 });
  await until("live", () => connection.status.phase === "live");
  kernel.answers = false;
  // Its end has come.
  port.token = { ...port.token!, expiresAtMs: Date.now() - 1, cameAtMs: Date.now() - 900_000 };
  hub.breakAll();
  await until("said", () => connection.status.reason?.startsWith("no kernel of this page answers") === true);
  assert.deepEqual(hub.shown, ["t0"], "an ended token is not shown again");
  kernel.answers = true;
  kernel.pushToken("p1", "t8");
  await until("live again", () => connection.status.phase === "live", 20_000);
  assert.deepEqual(hub.shown, ["t0", "t8"]);
});
