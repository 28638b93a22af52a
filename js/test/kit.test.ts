import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyWidget, InitializeProps } from "../src/lib/afm.ts";
import { kindOf, kindOfSpec } from "../src/lib/kinds.ts";
import { kitSlot, withKit, type Kit } from "../src/lib/kit_slot.ts";

const model = { get: () => undefined };

function recorder() {
  const log: string[] = [];
  const note = (what: string) => {
    log.push(what);
    return () => void log.push(`${what} ended`);
  };
  const widget = (): AnyWidget => ({ initialize: () => note("initialize"), render: () => note("render") });
  const kit: Kit = { widget, joinRelay: () => note("relay") };
  return { log, kit };
}

/** What the kit runs in all tests here. */
const run = (kit: Kit) => kit.joinRelay({ model } as InitializeProps);

test("what needs the kit waits until it comes, and ends with what it got", () => {
  const { log, kit } = recorder();
  const slot = kitSlot("waits");
  const end = withKit(slot, undefined, run);
  assert.deepEqual(log, []);
  slot.put(kit);
  assert.deepEqual(log, ["relay"]);
  end();
  end();
  assert.deepEqual(log, ["relay", "relay ended"]);
});

test("what ended before the kit came is never begun", () => {
  const { log, kit } = recorder();
  const slot = kitSlot("ends");
  withKit(slot, undefined, run)();
  const host = new AbortController();
  withKit(slot, host.signal, run);
  host.abort();
  withKit(slot, host.signal, run);
  slot.put(kit);
  assert.deepEqual(log, []);
});

test("each build has a kit of its own, unpacked once", async () => {
  const { kit } = recorder();
  let unpacked = 0;
  const unpack = async () => {
    unpacked += 1;
    await Promise.resolve();
    kitSlot("one").put(kit);
  };
  for (let relay = 0; relay < 3; relay++) kitSlot("one").load(unpack);
  await new Promise((done) => setTimeout(done));
  kitSlot("one").load(unpack);
  assert.equal(unpacked, 1);
  assert.equal(kitSlot("one").kit, kit);
  assert.equal(kitSlot("two").kit, null);
});

test("a kit that can't be unpacked is said, and the next relay may bring it", async () => {
  const { log, kit } = recorder();
  const slot = kitSlot("fails");
  const heard: string[] = [];
  slot.onChange(() => heard.push(slot.fault));
  withKit(slot, undefined, run);
  slot.load(() => Promise.reject(new Error("no blobs here")));
  await new Promise((done) => setTimeout(done));
  assert.deepEqual(heard, ["no blobs here"]);
  slot.load(() => Promise.resolve(slot.put(kit)));
  await new Promise((done) => setTimeout(done));
  assert.deepEqual([log, heard], [["relay"], ["no blobs here", ""]]);
});

test("the kinds are found by their names, others are said", () => {
  for (const name of ["button", "chart", "chat", "metric", "slider", "table", "toggle"]) {
    assert.equal(kindOf(name)?.kind, name);
    assert.equal(kindOfSpec({ kind: name }), kindOf(name));
  }
  for (const name of ["gauge", "constructor", "__proto__", ""]) assert.equal(kindOf(name), undefined);
  for (const spec of [undefined, null, 7, {}, { kind: 7 }, { kind: "gauge" }]) {
    // It opens without a fault; what it says is in the page (tests/browser).
    kindOfSpec(spec)().initialize({ model: { get: () => spec } })();
  }
});
