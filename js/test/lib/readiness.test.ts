import assert from "node:assert/strict";
import { test } from "node:test";
import { readiness } from "../../src/lib/readiness.ts";
import { FakeConnection } from "../harness/fake.ts";

const live = new FakeConnection("h").status;

test("a command can be called while a handler is connected", () => {
  const catalogue = new FakeConnection("h").table("table:rtwidgets.commands");
  assert.equal(readiness("halt", live, catalogue), "no handler for 'halt' is connected");
  catalogue.change([{ name: "halt", handlers: 1 }]);
  assert.equal(readiness("halt", live, catalogue), null);
  catalogue.change([{ name: "halt", handlers: 0 }]);
  assert.equal(readiness("halt", live, catalogue), "no handler for 'halt' is connected");
});

test("who may not read the catalogue may still try", () => {
  const catalogue = new FakeConnection("h").table("table:rtwidgets.commands");
  catalogue.setStatus({ phase: "refused", reason: "permission denied" });
  assert.equal(readiness("halt", live, catalogue), null);
});

test("without a connection nothing can be called", () => {
  assert.equal(readiness("halt", null, null), "not connected");
  assert.equal(readiness("halt", { ...live, phase: "connecting" }, null), "not connected");
});
