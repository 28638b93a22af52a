// The page's own way to its hub, with a real socket.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { Connection } from "../../src/connection/hub.ts";
import type { SocketLike } from "../../src/connection/relay.ts";
import { PagePort } from "../../src/host/page_port.ts";
import { ENDED } from "../../src/host/words.ts";
import { until } from "../connection/fakes.ts";
import { ScriptedHub } from "../connection/scripted_hub.ts";
import { FakeWant } from "../harness/wants.ts";

async function setUp(t: TestContext, token = "good"): Promise<{ hub: ScriptedHub; connection: Connection; ending: AbortController }> {
  const hub = new ScriptedHub();
  await hub.ready();
  hub.badTokens.add("bad");
  const open = (): SocketLike => {
    const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/`);
    socket.on("error", () => undefined);
    return socket as unknown as SocketLike;
  };
  const connection = new Connection("page", {
    page: { base: "http://hub.example/", hostname: "hub.example" },
    openSocket: open,
    probe: () => assert.fail("there is nothing to look for"),
  });
  const admission = { token, expiresAtMs: Date.now() + 60_000, user: "guest", name: "", session: "m", role: "viewer" };
  const port = new PagePort(admission, open);
  connection.addPort(port);
  port.onconfig();
  const ending = new AbortController();
  t.after(async () => {
    ending.abort();
    connection.removePort(port);
    await hub.stop();
  });
  return { hub, connection, ending };
}

test("the page's socket is direct at once and comes back by itself", async (t) => {
  const { hub, connection, ending } = await setUp(t);
  const rows: unknown[] = [];
  connection.stream("stream:px", new FakeWant(), ending.signal).onBatch((batch) => rows.push(...(batch.n ?? [])), ending.signal);
  await until("it is live", () => connection.status.phase === "live");
  assert.deepEqual([connection.status.transport, hub.connects], ["direct", 1]);
  await until("it is subscribed", () => hub.wishes.length > 0);
  hub.breakAll();
  await until("it is back", () => hub.connects === 2);
  hub.append({ n: [1] });
  await until("what came meanwhile is there", () => rows.length === 1);
});

test("what the token does not give is refused by the hub, and nothing waits for another", async (t) => {
  const { connection, ending } = await setUp(t);
  assert.equal(connection.denies("publish", "value:other"), false, "nobody knows yet");
  const feed = connection.value("value:other", new FakeWant(), ending.signal);
  await until("it is refused", () => feed.status.phase === "refused");
  assert.equal(connection.denies("publish", "value:other"), true);
  assert.match(feed.status.reason ?? "", /permission denied/);
});

test("a token that the hub does not take ends it, in words, and it is not tried again", async (t) => {
  const { hub, connection } = await setUp(t, "bad");
  await until("it is down", () => connection.status.phase === "down");
  assert.equal(connection.status.reason, ENDED);
  assert.equal(hub.connects, 0);
});
