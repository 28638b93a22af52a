import assert from "node:assert/strict";
import { test } from "node:test";
import { writableSlot } from "../../src/connection/registry.ts";
import { linkToHub } from "../../src/lib/link.ts";
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
