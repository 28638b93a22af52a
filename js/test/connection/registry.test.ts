import assert from "node:assert/strict";
import { test } from "node:test";
import { hubSlot, writableSlot } from "../../src/connection/registry.ts";
import type { HubConnection } from "../../src/connection/types.ts";
import { BUILD } from "../../src/lib/build.ts";

test("a widget that comes first hears when the connection comes", () => {
  const slot = hubSlot("hub-a");
  const heard: unknown[] = [];
  const ending = new AbortController();
  slot.onChange(() => heard.push(slot.connection), ending.signal);
  const connection = { key: "hub-a" } as HubConnection;
  writableSlot("hub-a").put(connection);
  writableSlot("hub-a").put(connection);
  assert.deepEqual(heard, [connection]);
  ending.abort();
  writableSlot("hub-a").put(null);
  assert.equal(heard.length, 1);
});

test("every copy of a build finds the same slot, where tests and people find it too", () => {
  assert.equal(hubSlot("hub-b"), hubSlot("hub-b"));
  const shared = (globalThis as unknown as Record<symbol, Map<string, unknown>>)[Symbol.for("rtwidgets.hubs.v1")];
  assert.equal(shared?.get(`${BUILD} hub-b`), hubSlot("hub-b"));
});

test("a listener that throws does not keep the others from hearing", (t) => {
  t.mock.method(console, "error", () => undefined);
  const slot = writableSlot("hub-c");
  let heard = 0;
  const { signal } = new AbortController();
  slot.onChange(() => {
    throw new Error("mine");
  }, signal);
  slot.onChange(() => heard++, signal);
  slot.put({ key: "hub-c" } as HubConnection);
  assert.equal(heard, 1);
});
