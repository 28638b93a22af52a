import assert from "node:assert/strict";
import { test } from "node:test";
import type { HubEvent } from "../../src/connection/types.ts";
import { Events } from "../../src/feeds/event.ts";
import type { Publication, Subscribed } from "../../src/feeds/feed.ts";

const forever = new AbortController().signal;
const ann = { client: "c1", user: "ann", name: "Ann" };

function pub(offset: number, data: unknown, more: Partial<Publication> = {}): Publication {
  return { data, offset, timeMs: 1_000 + offset, info: null, ...more };
}

const bob = { client: "c2", user: "bob", name: "Bob" };

function reply(data: unknown, wasRecovering = false): Subscribed {
  return { data, offset: 0, wasRecovering, recovered: false };
}

/** Subscribe where events up to this one are kept. */
function join(feed: Events, until: number, wasRecovering = false): void {
  feed.subscribed(reply({ kind: "event", until }, wasRecovering));
  for (let offset = 1; offset <= until; offset++) feed.publication(pub(offset, offset, { info: bob }));
}

function heard(feed: Events): unknown[] {
  const list: unknown[] = [];
  feed.onEvent((event) => list.push(event.data), forever);
  return list;
}

test("events that were kept are there and are not new; those that come are both", () => {
  const feed = new Events("event:alerts");
  const fresh = heard(feed);
  join(feed, 2);
  feed.publication(pub(3, "x", { info: ann }));
  assert.deepEqual(
    feed.events.map(({ data, timeMs, user, name }) => [data, timeMs, user, name]),
    [
      [1, 1_001, "bob", "Bob"],
      [2, 1_002, "bob", "Bob"],
      ["x", 1_003, "ann", "Ann"],
    ],
  );
  assert.deepEqual(fresh, ["x"]);
});

test("what the past after a gap brings for the first time is new", () => {
  const feed = new Events("event:alerts");
  const fresh = heard(feed);
  join(feed, 2);
  feed.subscribed(reply({ kind: "event", until: 4 }, true));
  join(feed, 4, true);
  assert.deepEqual(fresh, [3, 4]);
  assert.deepEqual(feed.events.map(({ data }) => data), [1, 2, 3, 4]);
  assert.equal(feed.status.lost, 2);
});

test("an event that comes again is there once", () => {
  const feed = new Events("event:alerts");
  const fresh = heard(feed);
  join(feed, 1);
  feed.publication(pub(2, "x"));
  feed.publication(pub(2, "x"));
  assert.deepEqual([feed.events.length, fresh], [2, ["x"]]);
});

test("the newest events are kept, and each has an id of its own", () => {
  const feed = new Events("event:alerts", 8);
  const data = { publications: Array.from({ length: 20 }, (_, i) => ({ data: i + 1, offset: i + 1, time: i })) };
  feed.subscribed(reply(data));
  assert.deepEqual(feed.events.map(({ data }) => data), [13, 14, 15, 16, 17, 18, 19, 20]);
  for (let offset = 21; offset <= 60; offset++) feed.publication(pub(offset, offset));
  assert.ok(feed.events.length <= 9, String(feed.events.length));
  assert.equal(feed.events.at(-1)?.data, 60);
  const ids = feed.events.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));
});

test("events are kept up to so much memory, from a snapshot too", () => {
  const feed = new Events("event:alerts");
  const large = (i: number) => ({ i, text: "x".repeat(1_000_000) });
  feed.subscribed(reply({ publications: Array.from({ length: 40 }, (_, i) => ({ data: large(i), offset: i + 1, time: i })) }));
  const first = feed.events.length;
  for (let offset = 41; offset <= 80; offset++) feed.publication(pub(offset, large(offset)));
  assert.ok(first > 20 && first < 40 && feed.events.length === first, `${first}, ${feed.events.length}`);
  assert.equal((feed.events.at(-1)?.data as { i: number }).i, 80);
});

test("a snapshot that is none is counted, and the events stay", () => {
  const feed = new Events("event:alerts");
  join(feed, 1);
  for (const data of [7, { publications: 3 }, { publications: [null] }]) feed.subscribed(reply(data));
  assert.equal(feed.status.bad, 3);
  assert.deepEqual(feed.events.map(({ data }) => data), [1]);
  feed.publication(pub(9, "next"));
  assert.equal(feed.status.reason, null);
});

test("events without a publisher are from nobody", () => {
  const feed = new Events("event:alerts");
  feed.subscribed(reply({ publications: [{ data: 1, offset: 1, time: 5 }] }));
  const [event] = feed.events as [HubEvent];
  assert.deepEqual([event.user, event.name, event.timeMs], ["", "", 5]);
});

test("members change with presence, joins and leaves, and are told", () => {
  const feed = new Events("event:team");
  let changes = 0;
  feed.onChange(() => changes++, forever);
  feed.crowd.asked();
  feed.crowd.present([ann, { client: "c2", user: "bob", name: "Bob" }]);
  feed.crowd.joined({ ...ann, client: "c3" });
  feed.crowd.left({ client: "c2", user: "bob", name: "Bob" });
  assert.deepEqual(feed.members, [{ user: "ann", name: "Ann", clients: 2 }]);
  assert.equal(changes, 3);
});

test("who comes and goes is not noted down after a question for presence that failed", () => {
  const { crowd } = new Events("event:team");
  crowd.asked();
  crowd.unanswered();
  crowd.joined(bob);
  crowd.present([ann]);
  assert.deepEqual(crowd.list.map(({ user }) => user), ["ann"]);
});
