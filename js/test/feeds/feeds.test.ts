import assert from "node:assert/strict";
import { test } from "node:test";
import type { Columns, TableChange } from "../../src/connection/types.ts";
import type { Publication } from "../../src/feeds/feed.ts";
import { Stream } from "../../src/feeds/stream.ts";
import { Table } from "../../src/feeds/table.ts";
import { Value } from "../../src/feeds/value.ts";

const forever = new AbortController().signal;

function pub(offset: number, data: unknown, more: Partial<Publication> = {}): Publication {
  return { data, offset, timeMs: 1_000 + offset, info: null, ...more };
}

function snapshot(data: unknown, offset = 0): { data: unknown; offset: number; wasRecovering: boolean; recovered: boolean } {
  return { data, offset, wasRecovering: false, recovered: false };
}

test("a stream passes the snapshot's batches on and then every publication", () => {
  const feed = new Stream("stream:px");
  const heard: [Columns, boolean][] = [];
  feed.onBatch((batch, reset) => heard.push([{ ...batch }, reset]), forever);
  feed.subscribed(snapshot({ kind: "stream", batches: [{ t: [1, 2] }, { t: [3] }] }, 2));
  feed.publication(pub(3, { t: [4] }));
  assert.deepEqual(heard, [
    [{ t: [1, 2] }, true],
    [{ t: [3] }, false],
    [{ t: [4] }, false],
  ]);
  assert.equal(feed.status.offset, 3);
  assert.equal(feed.status.lastTimeMs, 1_003);
});

test("a late listener of a stream gets what is kept, the first batch as a reset", () => {
  const feed = new Stream("stream:px");
  feed.subscribed(snapshot({ batches: [{ t: [1] }] }, 1));
  feed.publication(pub(2, { t: [2] }));
  const heard: [unknown, boolean][] = [];
  feed.onBatch((batch, reset) => heard.push([batch.t, reset]), forever);
  assert.deepEqual(heard, [[[1], true], [[2], false]]);
});

test("a stream keeps the newest rows and drops whole batches", () => {
  const feed = new Stream("stream:px", 4);
  feed.subscribed(snapshot({ batches: [] }));
  for (let i = 1; i <= 4; i++) feed.publication(pub(i, { t: [i, i] }));
  const kept: unknown[] = [];
  feed.onBatch((batch) => kept.push(...(batch.t ?? [])), forever);
  assert.deepEqual(kept, [3, 3, 4, 4]);
});

/** What a listener that comes now is given. */
function keptOf(feed: Stream): Columns[] {
  const kept: Columns[] = [];
  feed.onBatch((batch) => kept.push(batch), forever);
  return kept;
}

test("a stream keeps so much memory, too: names, lists and texts of few rows weigh more than numbers", () => {
  const wide = Object.fromEntries(Array.from({ length: 7_000 }, (_, i) => [`column ${i}`, [1]]));
  const nested = { t: [Array.from({ length: 20_000 }, () => [])] };
  for (const [data, most] of [[wide, 100], [nested, 60], [{ t: ["x".repeat(1_000_000)] }, 60]] as const) {
    const feed = new Stream("stream:px");
    feed.subscribed(snapshot({ batches: [] }));
    for (let i = 1; i <= 120; i++) feed.publication(pub(i, data));
    feed.publication(pub(121, { t: ["the last"] }));
    const kept = keptOf(feed);
    assert.ok(kept.length > 20 && kept.length < most, String(kept.length));
    assert.deepEqual(kept.at(-1)?.t, ["the last"]);
  }
});

test("a batch that is more than all that is kept is kept alone", () => {
  const feed = new Stream("stream:px");
  feed.subscribed(snapshot({ batches: [{ t: [1] }] }));
  feed.publication(pub(1, { t: ["x".repeat(40_000_000)] }));
  assert.equal(keptOf(feed).length, 1);
});

test("of a stream of twenty numbers all rows are kept", () => {
  const feed = new Stream("stream:px");
  feed.subscribed(snapshot({ batches: [] }));
  const cells = Array.from({ length: 50 }, (_, i) => i / 3);
  for (let i = 1; i <= 2_000; i++) feed.publication(pub(i, Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`column ${k}`, cells]))));
  assert.equal(keptOf(feed).length, 2_000);
});

test("an empty snapshot of a stream still resets its listeners", () => {
  const feed = new Stream("stream:px");
  feed.subscribed(snapshot({ batches: [{ t: [1] }] }, 1));
  const heard: [number, boolean][] = [];
  feed.onBatch((batch, reset) => heard.push([Object.keys(batch).length, reset]), forever);
  feed.subscribed({ ...snapshot({ batches: [] }), wasRecovering: true });
  assert.deepEqual(heard, [[1, true], [0, true]]);
  assert.equal(feed.status.lost, 1);
});

test("columns of unequal length are counted and named, and the stream goes on", () => {
  const feed = new Stream("stream:px");
  const heard: unknown[] = [];
  feed.subscribed(snapshot({ batches: [] }));
  feed.onBatch((batch) => heard.push(batch.t), forever);
  feed.publication(pub(1, { t: [1, 2], price: [3] }));
  assert.equal(feed.status.bad, 1);
  assert.match(feed.status.reason ?? "", /stream:px: a batch: column "price" has 1 rows, but "t" has 2/);
  feed.publication(pub(2, { t: [5] }));
  assert.deepEqual(heard, [[5]]);
  assert.equal(feed.status.reason, null);
  assert.equal(feed.status.gaps, 0);
});

test("data that is no object at all never throws", () => {
  for (const data of [null, 3, "x", [], { t: 3 }, { t: [1], u: null }]) {
    const feed = new Stream("stream:px");
    feed.subscribed(snapshot(data));
    feed.publication(pub(1, data));
    assert.ok(feed.status.bad >= 1, JSON.stringify(data));
  }
});

test("a column named like a member of Object is a column", () => {
  const feed = new Stream("stream:px");
  feed.subscribed(snapshot({ batches: [] }));
  const names: string[][] = [];
  feed.onBatch((batch) => names.push(Object.keys(batch)), forever);
  feed.publication(pub(1, JSON.parse('{"__proto__": [1], "constructor": [2]}')));
  assert.deepEqual(names, [["__proto__", "constructor"]]);
  assert.equal(({} as { constructor: unknown }).constructor, Object);
});

test("gaps and repeats of a stream are counted, and a repeat is not applied", () => {
  const feed = new Stream("stream:px");
  const heard: unknown[] = [];
  feed.subscribed(snapshot({ batches: [] }, 10));
  feed.onBatch((batch) => heard.push(...(batch.t ?? [])), forever);
  feed.publication(pub(11, { t: [11] }));
  feed.publication(pub(11, { t: [11] }));
  feed.publication(pub(14, { t: [14] }));
  assert.deepEqual(heard, [11, 14]);
  assert.equal(feed.status.repeats, 1);
  assert.equal(feed.status.gaps, 1);
});

test("a recovery keeps the position and what came before", () => {
  const feed = new Stream("stream:px");
  feed.subscribed(snapshot({ batches: [{ t: [1] }] }, 1));
  feed.waiting("transport closed");
  assert.equal(feed.status.phase, "waiting");
  feed.subscribed({ data: undefined, offset: 3, wasRecovering: true, recovered: true });
  feed.publication(pub(2, { t: [2] }));
  feed.publication(pub(3, { t: [3] }));
  assert.deepEqual([feed.status.gaps, feed.status.repeats, feed.status.lost, feed.status.offset], [0, 0, 0, 3]);
});

test("a table folds upserts of some columns and removals into rows", () => {
  const feed = new Table("table:orders");
  const heard: TableChange[] = [];
  feed.onChange((change) => heard.push(change), forever);
  feed.subscribed(snapshot({ kind: "table", key: "id", rows: { id: [1, 2], qty: [10, 20], side: ["b", "s"] } }, 5));
  feed.publication(pub(9, { upsert: { id: [2, 3], qty: [21, 30] }, remove: [1, 77] }));
  assert.deepEqual([...feed.rows.keys()], [2, 3]);
  assert.equal(feed.rows.get(2)?.get("side"), "s");
  assert.equal(feed.rows.get(2)?.get("qty"), 21);
  assert.deepEqual(feed.columns, ["id", "qty", "side"]);
  assert.deepEqual(heard[1], {
    reset: false,
    changed: new Map<number, Set<string>>([[2, new Set(["qty"])], [3, new Set(["id", "qty"])]]),
    removed: [1],
  });
  assert.equal(feed.status.gaps, 0, "a table's offsets may skip");
});

test("a table's change without its key column is refused whole", () => {
  const feed = new Table("table:orders");
  feed.subscribed(snapshot({ key: "id", rows: { id: [1], qty: [10] } }, 1));
  feed.publication(pub(2, { upsert: { qty: [3] }, remove: [1] }));
  assert.deepEqual([...feed.rows.keys()], [1]);
  assert.match(feed.status.reason ?? "", /no key column "id"; its columns are qty/);
});

test("a table that is declared later asks for a snapshot, as only that names the key", () => {
  const feed = new Table("table:orders");
  feed.subscribed(snapshot({ kind: "table", key: null, rows: {} }));
  assert.equal(feed.needsSnapshot, false);
  feed.publication(pub(1, { upsert: { qty: [1], id: [7] } }));
  assert.equal(feed.needsSnapshot, true);
  feed.subscribed(snapshot({ kind: "table", key: "id", rows: { id: [7], qty: [1] } }, 1));
  assert.equal(feed.needsSnapshot, false);
  assert.deepEqual([...feed.rows.keys()], [7]);
});

test("a table that comes in pieces shows its rows as they come, and has their order in the end", () => {
  const feed = new Table("table:orders");
  const heard: TableChange[] = [];
  feed.onChange((change) => heard.push(change), forever);
  feed.subscribed(snapshot({ kind: "table", key: "id", rows: {}, more: true }));
  // A part of the rows of one publication has no offset.
  feed.publication(pub(0, { upsert: { id: [4, 5] }, rank: [4, 5], more: true }));
  feed.publication(pub(20, { upsert: { id: [2, 3], qty: [1, 1] }, remove: [9], rank: [2, 3], more: true }));
  assert.deepEqual([feed.loading, [...feed.rows.keys()], feed.status.offset], [true, [4, 5, 2, 3], 20]);
  feed.waiting("transport closed");
  feed.subscribed({ data: undefined, offset: 20, wasRecovering: true, recovered: true });
  feed.publication(pub(31, { upsert: { id: [1, 4], qty: [1, 2] }, remove: [5], rank: [1, 4] }));
  assert.deepEqual([feed.loading, [...feed.rows.keys()]], [false, [1, 2, 3, 4]]);
  assert.equal(feed.rows.get(4)?.get("qty"), 2);
  assert.deepEqual([heard.at(-1)?.reset, heard.at(-1)?.changed.size], [true, 4]);
  assert.deepEqual([feed.status.merged, feed.status.repeats], [0, 0]);
  // Later a reader that is far behind gets pieces, too: then nothing is put in order.
  feed.publication(pub(40, { upsert: { id: [7, 6] }, rank: [7, 6], more: true }));
  assert.deepEqual([feed.loading, [...feed.rows.keys()]], [false, [1, 2, 3, 4, 7, 6]]);
});

test("a value that was never set is told from one that is null", () => {
  const feed = new Value("value:limit", () => Promise.resolve(null));
  feed.subscribed(snapshot({ kind: "value" }));
  assert.equal(feed.has, false);
  feed.publication(pub(1, null));
  assert.equal(feed.has, true);
  assert.equal(feed.value, null);
});

test("a value knows its version and who set it, from the snapshot and from each publication", () => {
  const feed = new Value("value:limit", () => Promise.resolve(null));
  feed.subscribed(snapshot({ kind: "value" }, 0));
  assert.deepEqual([feed.version, feed.by], [0, null]);
  feed.subscribed(snapshot({ kind: "value", value: 5, by: { user: "ann", name: "Ann" }, time: 7 }, 3));
  assert.deepEqual([feed.version, feed.by], [3, { client: "", user: "ann", name: "Ann", timeMs: 7 }]);
  let versionThen = 0;
  feed.onChange(() => (versionThen = feed.version), forever);
  feed.publication(pub(6, { by: { user: "root" } }, { info: { client: "c2", user: "bob", name: "Bob" } }));
  assert.deepEqual([feed.version, versionThen, feed.by?.name, feed.by?.timeMs], [6, 6, "Bob", 1_006]);
  feed.publication(pub(7, 1));
  assert.equal(feed.by, null, "the hub's own");
});

test("a snapshot's setter that is none is nobody", () => {
  const feed = new Value("value:limit", () => Promise.resolve(null));
  for (const by of [null, 3, "ann", []]) {
    feed.subscribed(snapshot({ value: 1, by }));
    assert.equal(feed.by, null, JSON.stringify(by));
  }
  feed.subscribed(snapshot({ value: 1, by: { user: 3, name: {} }, time: "x" }));
  assert.deepEqual(feed.by, { client: "", user: "", name: "", timeMs: 0 });
});

test("a conditional set names the version, and the log that it is of", async () => {
  const asked: unknown[] = [];
  const feed = new Value("value:limit", (value, onlyIf) => {
    asked.push([value, onlyIf]);
    return Promise.resolve(9);
  });
  feed.subscribed({ ...snapshot({ value: 1 }, 8), epoch: "e7" });
  assert.equal(await feed.setIf(2, feed.version), 9);
  await feed.set(3);
  assert.deepEqual(asked, [[2, { version: 8, epoch: "e7" }], [3, null]]);
});

test("while one value is on its way only the latest of the later ones is sent", async () => {
  const sent: unknown[] = [];
  const done: ((version: number) => void)[] = [];
  const feed = new Value("value:limit", (data) => {
    sent.push(data);
    return new Promise((resolve) => done.push(resolve));
  });
  const all = [1, 2, 3, 4].map((value) => feed.set(value));
  assert.deepEqual(sent, [1]);
  done[0]?.(1);
  await all[0];
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, [1, 4]);
  done[1]?.(2);
  assert.deepEqual(await Promise.all(all), [1, 2, 2, 2]);
});

test("a value that is refused rejects its own set and not the next", async () => {
  let refuse = true;
  const feed = new Value("value:limit", () => (refuse ? Promise.reject(new Error("no right")) : Promise.resolve(1)));
  const first = feed.set(1);
  const second = feed.set(2);
  await assert.rejects(first.finally(() => (refuse = false)), /no right/);
  await second.catch(() => undefined);
  await feed.set(3);
});

test("what was passed over while nobody looked is skipped, and not lost", () => {
  const feed = new Stream("stream:px");
  feed.subscribed(snapshot({ batches: [] }, 3));
  feed.lookedAway = true;
  feed.subscribed({ data: { batches: [] }, offset: 10, wasRecovering: true, recovered: false });
  assert.deepEqual([feed.status.skipped, feed.status.lost], [7, 0]);
  feed.lookedAway = false;
  feed.subscribed({ data: { batches: [] }, offset: 12, wasRecovering: true, recovered: false });
  assert.deepEqual([feed.status.skipped, feed.status.lost], [7, 1]);
});

test("updates that the hub merged are counted, where a kind merges", () => {
  const value = new Value("value:v", () => Promise.resolve(null));
  value.subscribed(snapshot({ kind: "value" }, 2));
  value.publication(pub(3, 1));
  value.publication(pub(8, 2));
  assert.deepEqual([value.status.merged, value.status.gaps], [4, 0]);
  const stream = new Stream("stream:px");
  stream.subscribed(snapshot({ batches: [] }, 2));
  stream.publication(pub(8, { t: [1] }));
  assert.deepEqual([stream.status.merged, stream.status.gaps], [0, 1]);
});

test("what is wrong with a publication is said in few words, whatever it holds", () => {
  const feed = new Stream("stream:px");
  feed.publication(pub(1, { ["x".repeat(60_000)]: 1 }));
  assert.ok((feed.status.reason ?? "").startsWith("stream:px: a batch: column") && (feed.status.reason ?? "").length <= 1_000);
});
