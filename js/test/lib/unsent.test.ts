import assert from "node:assert/strict";
import { test } from "node:test";
import { writableSlot } from "../../src/connection/registry.ts";
import { Conversation } from "../../src/lib/conversation.ts";
import { forgetUnsent, UnsentMessages, unsentHere } from "../../src/lib/unsent.ts";
import { FakeConnection } from "../harness/fake.ts";

/** A tab's store; it can be blocked. */
function tab() {
  const kept = new Map<string, string>();
  const state = { blocked: false };
  const store = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => void kept.set(name, text),
    removeItem: (name: string) => void kept.delete(name),
  };
  const open = () => {
    if (state.blocked) throw new Error("blocked");
    return store;
  };
  return { kept, state, page: () => new UnsentMessages(open) };
}

const message = (id: string) => ({ saying: { id, text: `says ${id}`, replyTo: null }, timeMs: 5 });
const forever = new AbortController().signal;

test("what no hub has acknowledged is there after a reload, in order, until it is", () => {
  const { kept, page } = tab();
  const before = page();
  for (const id of ["a", "b", "c"]) before.keep("ann in desk", message(id), forever);
  before.drop("ann in desk", "b");
  const after = page();
  assert.deepEqual(after.take("bob in desk", forever), []);
  assert.deepEqual(after.take("ann in desk", forever), [message("a"), message("c")]);
  after.drop("ann in desk", "a");
  after.drop("ann in desk", "c");
  assert.equal(kept.size, 0);
});

test("a message is taken by one widget at a time, and free again when that ends", () => {
  const unsent = tab().page();
  const first = new AbortController();
  unsent.keep("ann", message("a"), first.signal);
  assert.deepEqual(unsent.take("ann", forever), []);
  first.abort();
  assert.deepEqual(unsent.take("ann", forever), [message("a")]);
});

test("where the store is blocked messages last as long as the page, and what else stands there is not taken for some", () => {
  const { kept, state, page } = tab();
  kept.set("rtwidgets.unsent:odd", JSON.stringify([5, { saying: { id: 1, text: "x" }, timeMs: 5 }, { saying: message("a").saying, timeMs: "now" }]));
  kept.set("rtwidgets.unsent:torn", "[{");
  assert.deepEqual(page().take("odd", forever), []);
  assert.deepEqual(page().take("torn", forever), []);
  state.blocked = true;
  const unsent = page();
  const widget = new AbortController();
  unsent.keep("ann", message("a"), widget.signal);
  widget.abort();
  assert.deepEqual(unsent.take("ann", forever), [message("a")]);
});

test("who leaves leaves nothing behind", () => {
  const store = { "rtwidgets.unsent:ann": "[]", other: "stays", removeItem: (name: string) => void delete (store as Record<string, unknown>)[name] };
  forgetUnsent(store as unknown as Storage);
  assert.deepEqual(Object.keys(store), ["other", "removeItem"]);
});

test("a chat that is made anew sends what the one before could not, and it is gone when it is acknowledged", async () => {
  const connection = new FakeConnection("unsent-test");
  connection.setStatus({ phase: "connecting" });
  writableSlot("unsent-test").put(connection);
  const feed = connection.chat("chat:desk");
  feed.delayMs = 0;
  const want = { maxHz: 60, visible: true, onChange: () => {} };
  const chat = (signal: AbortSignal) => new Conversation("unsent-test", "chat:desk", want, { get: () => null, set: () => {} }, () => {}, signal);
  const first = new AbortController();
  const before = chat(first.signal);
  before.say("typed while the hub was away");
  before.say("", null, { name: "halt", state: "running", fraction: null, key: null });
  first.abort();
  const after = chat(forever);
  assert.deepEqual(after.outbox.items.map(({ saying }) => saying?.text), ["typed while the hub was away"]);
  connection.setStatus({ phase: "live" });
  await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(feed.messages.map(({ text }) => text), ["typed while the hub was away"]);
  assert.deepEqual(unsentHere.take(JSON.stringify(["unsent-test", "ann", "chat:desk"]), forever), []);
});
