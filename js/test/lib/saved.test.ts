// Pictures of widgets: what is kept of each kind is what its feed is made of again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { writableSlot } from "../../src/connection/registry.ts";
import { picture } from "../../src/lib/keep_saved.ts";
import { kindOf } from "../../src/lib/kinds.ts";
import { readSaved, savedFeed } from "../../src/lib/saved.ts";
import { FakeConnection } from "../harness/fake.ts";

let made = 0;

/** The picture of a widget on a pretend hub that `fill` has filled, as a file would hold it. */
function pictureOf(kind: string, role: string, channel: string, options: object, fill: (hub: FakeConnection) => void) {
  const hub = `saved-${made++}`;
  const connection = new FakeConnection(hub);
  fill(connection);
  const widget = kindOf(kind)?.();
  assert.ok(widget);
  const spec = { kind, hub, channels: { [role]: channel, calls: "table:calls" }, options };
  const end = widget.initialize({ model: { get: (name) => (name === "spec" ? spec : undefined) } });
  assert.equal(widget.picture(1), null, "nothing is kept before it is live");
  writableSlot(hub).put(connection);
  const taken = picture((share) => widget.picture(share), 1234);
  connection.setStatus({ phase: "connecting" });
  assert.equal(widget.picture(1), null, "nor when the hub is away: it would be of another time");
  end();
  return taken === null ? null : readSaved(JSON.parse(JSON.stringify(taken)));
}

test("a chart keeps the rows in its window, thinned, with the columns it draws", () => {
  const now = Date.now();
  const saved = pictureOf("chart", "data", "stream:a", { y: ["price"], by: "symbol", window_ms: 60_000 }, (hub) => {
    const times = Array.from({ length: 2000 }, (_, i) => now - 100_000 + i * 50);
    hub.stream("stream:a").kept.push({
      time: times,
      symbol: times.map((_, i) => (i % 2 ? "ACME" : "__proto__")),
      price: times.map((_, i) => Math.sin(i / 50) / 3),
      unseen: times,
    });
  });
  assert.equal(saved?.atMs, 1234);
  const feed = savedFeed(saved, "data", "stream", "stream:a")?.feed;
  const batches: Record<string, unknown[]>[] = [];
  feed?.onBatch((batch) => batches.push(batch), new AbortController().signal);
  assert.equal(batches.length, 1);
  const [{ time, symbol, price, unseen } = {}] = batches;
  assert.equal(unseen, undefined);
  assert.equal(Math.min(...(time as number[])) >= now - 60_200, true);
  assert.deepEqual(new Set(symbol), new Set(["ACME", "__proto__"]));
  assert.equal((time?.length ?? 0) > 100 && (time?.length ?? 0) <= 600, true);
  assert.equal(JSON.stringify(price).length / (price?.length ?? 1) < 12, true);
});

test("a metric keeps its number, which is of more samples than its line", () => {
  const saved = pictureOf("metric", "data", "stream:a", { column: "n", reduce: "count" }, (hub) => {
    const ns = Array.from({ length: 1000 }, (_, i) => i);
    hub.stream("stream:a").kept.push({ time: ns.map((n) => Date.now() - 1000 + n), n: ns });
  });
  assert.equal((saved?.feeds.get("data") as { value: number }).value, 1000);
  assert.ok(savedFeed(saved, "data", "stream", "stream:a"));
});

test("a table keeps its first rows in the order they are shown, and how many there are", () => {
  const saved = pictureOf("table", "data", "table:a", { sort: "-n", columns: ["n", "who"] }, (hub) => {
    hub.table("table:a").change(Array.from({ length: 300 }, (_, id) => ({ id, n: id, who: `w${id}`, unseen: "x".repeat(900) })));
  });
  const feed = savedFeed(saved, "data", "table", "table:a")?.feed;
  assert.equal(feed?.key, "id");
  assert.deepEqual(feed?.columns, ["id", "n", "who"]);
  assert.deepEqual([...(feed?.rows.keys() ?? [])].slice(0, 3), [299, 298, 297]);
  assert.equal(feed?.rows.size, 50);
  assert.deepEqual(saved?.feeds.get("data"), { ...(saved?.feeds.get("data") as object), of: 300, sort: { column: "n", descending: true } });
});

test("a chat keeps its newest messages, with all that they have", () => {
  const command = { name: "halt", state: "done", fraction: 1, key: "k" } as const;
  const last = { id: "m49", replyTo: "m48", label: "Prices", command, edited: true, reactions: new Map([["👍", ["bob"]]]) };
  const saved = pictureOf("chat", "chat", "chat:a", {}, (hub) => {
    for (let n = 0; n < 49; n++) hub.chat("chat:a").receive("ann", "Ann", `message ${n}`, 1000 + n);
    hub.chat("chat:a").receive("ann", "Ann", "message 49", 1049, last);
  });
  const messages = savedFeed(saved, "chat", "chat", "chat:a")?.feed.messages ?? [];
  assert.equal(messages.length, 30);
  assert.deepEqual(messages.at(-1), { text: "message 49", user: "ann", name: "Ann", timeMs: 1049, open: false, writer: "", interrupted: false, ...last });
});

test("controls keep their value, buttons and forms their command", () => {
  for (const [kind, value] of [["slider", 42], ["toggle", false]] as const) {
    const saved = pictureOf(kind, "value", "value:a", {}, (hub) => hub.value("value:a").receive(value));
    assert.equal(savedFeed(saved, "value", "value", "value:a")?.feed.value, value);
    assert.equal(pictureOf(kind, "value", "value:a", {}, () => undefined), null, "there is no value yet");
  }
  for (const kind of ["button", "form"]) {
    const saved = pictureOf(kind, "commands", "table:commands", { command: "halt" }, (hub) => {
      hub.table("table:commands").change([{ name: "halt", handlers: 1 }, { name: "other", handlers: 2 }]);
    });
    assert.deepEqual([...(savedFeed(saved, "commands", "table", "table:commands")?.feed.rows.keys() ?? [])], ["halt"]);
  }
});

test("a picture that is too large is taken smaller, and one that can't be small is not kept", () => {
  const big = "x".repeat(1000);
  const taken = picture((share) => ({ rows: Array.from({ length: 40 * share }, () => big) }), 7);
  assert.equal((taken?.feeds as { rows: string[] }).rows.length, 10);
  assert.equal(picture(() => ({ rows: big.repeat(20) }), 7), null);
});

test("a message of a megabyte costs the chat its picture, not the file its size", () => {
  assert.equal(
    pictureOf("chat", "chat", "chat:a", {}, (hub) => hub.chat("chat:a").receive("ann", "Ann", "x".repeat(1_000_000), 1)),
    null,
  );
});

test("what is no picture is none", () => {
  for (const raw of [undefined, null, {}, [], "x", { at_ms: "1", feeds: {} }, { at_ms: Number.NaN, feeds: {} }, { at_ms: 1, feeds: [] }]) {
    assert.equal(readSaved(raw), null);
  }
  const saved = readSaved({ at_ms: 1, feeds: { data: { batches: 7 }, rows: { key: "id", rows: { n: [1] } }, chat: { messages: [{}] } } });
  assert.equal(savedFeed(saved, "data", "stream", "stream:a"), null);
  assert.equal(savedFeed(saved, "rows", "table", "table:a"), null);
  assert.equal(savedFeed(saved, "chat", "chat", "chat:a"), null);
  assert.equal(savedFeed(saved, "__proto__", "value", "value:a"), null);
  assert.equal(savedFeed(null, "data", "stream", "stream:a"), null);
});

test("a saved value can't be set", async () => {
  const feed = savedFeed(readSaved({ at_ms: 1, feeds: { value: { value: 3 } } }), "value", "value", "value:a")?.feed;
  assert.equal(feed?.value, 3);
  await assert.rejects(feed?.set(4) ?? Promise.resolve(), /what was saved/);
});
