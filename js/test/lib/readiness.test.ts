import assert from "node:assert/strict";
import { test } from "node:test";
import { readiness } from "../../src/lib/readiness.ts";
import { FakeConnection } from "../harness/fake.ts";

const live = new FakeConnection("h").status;

test("a command can be called while a handler is connected", () => {
  const catalogue = new FakeConnection("h").table("table:rtwidgets.commands");
  assert.equal(readiness("halt", live, catalogue, false), "no handler for 'halt' is connected");
  catalogue.change([{ name: "halt", handlers: 1 }]);
  assert.equal(readiness("halt", live, catalogue, true), null);
  catalogue.change([{ name: "halt", handlers: 0 }]);
  assert.equal(readiness("halt", live, catalogue, true), "the handler of 'halt' is away; this goes on when it is back");
});

test("who may not read the catalogue may still try", () => {
  const catalogue = new FakeConnection("h").table("table:rtwidgets.commands");
  catalogue.setStatus({ phase: "refused", reason: "permission denied" });
  assert.equal(readiness("halt", live, catalogue, false), null);
});

test("without a connection nothing can be called, and the badge says why", () => {
  assert.equal(readiness("halt", null, null, false), "");
  assert.equal(readiness("halt", { ...live, phase: "connecting" }, null, true), "");
});
