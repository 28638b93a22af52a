import assert from "node:assert/strict";
import { test } from "node:test";
import { writableSlot } from "../../src/connection/registry.ts";
import { isLive, linkToHub, timeOf } from "../../src/lib/link.ts";
import { FakeConnection, type FakeStream } from "../harness/fake.ts";

test("a feed follows the connection that the page has now", () => {
  const slot = writableSlot("link-test");
  const life = new AbortController();
  const ended: string[] = [];
  const link = linkToHub<FakeStream>(
    "link-test",
    (connection, signal) => {
      signal.addEventListener("abort", () => ended.push(connection.key));
      return (connection as FakeConnection).stream("stream:a");
    },
    () => {},
    life.signal,
  );
  assert.equal(link.feed, null);
  assert.ok(link.withoutSinceMs !== null);
  const one = new FakeConnection("one");
  slot.put(one);
  assert.equal(link.feed, one.stream("stream:a"));
  assert.equal(link.withoutSinceMs, null);
  const two = new FakeConnection("two");
  slot.put(two);
  assert.deepEqual(ended, ["one"]);
  assert.equal(link.feed, two.stream("stream:a"));
  slot.put(null);
  assert.equal(link.feed, null);
  assert.ok(link.withoutSinceMs !== null);
  slot.put(two);
  life.abort();
  assert.deepEqual(ended, ["one", "two", "two"]);
});

test("a saved feed stays until the hub's own is live, and does not come back", () => {
  const slot = writableSlot("link-saved");
  const saved = new FakeConnection("saved").stream("stream:a");
  const heard: unknown[] = [];
  const ended: unknown[] = [];
  const link = linkToHub<FakeStream>(
    "link-saved",
    (connection) => (connection as FakeConnection).stream("stream:a"),
    (feed, signal) => {
      heard.push(feed);
      signal.addEventListener("abort", () => ended.push(feed));
    },
    new AbortController().signal,
    { feed: saved, atMs: 1234 },
  );
  let changes = 0;
  link.onChange(() => changes++, new AbortController().signal);
  assert.deepEqual([link.feed, link.savedAtMs, timeOf(link), isLive(link)], [saved, 1234, 1234, false]);
  const hub = new FakeConnection("hub");
  const own = hub.stream("stream:a");
  own.setStatus({ phase: "waiting" });
  slot.put(hub);
  assert.deepEqual([link.feed, link.coming, link.savedAtMs], [saved, own, 1234]);
  assert.equal(isLive(link), false, "what is shown is not the hub's, though the hub is there");
  own.setStatus({ phase: "refused" });
  assert.equal(link.feed, saved);
  own.setStatus({ phase: "live" });
  assert.deepEqual([link.feed, link.coming, link.savedAtMs, isLive(link)], [own, null, null, true]);
  assert.deepEqual([heard, ended], [[saved, own], [saved]]);
  own.setStatus({ phase: "waiting" });
  slot.put(null);
  assert.deepEqual([link.feed, link.savedAtMs], [null, null]);
  assert.equal(changes, 3);
});
