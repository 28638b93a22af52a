import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatMessage } from "../../src/connection/types.ts";
import { chatBlocks, initials } from "../../src/lib/chat_blocks.ts";
import { orderedMembers } from "../../src/lib/member_chips.ts";
import { Outbox } from "../../src/lib/outbox.ts";

const NOON = new Date(2026, 10, 23, 12).getTime();
const message = (id: string, user: string, timeMs: number, text = id): ChatMessage => ({
  id,
  text,
  user,
  name: user,
  timeMs,
  edited: false,
  open: false,
  reactions: new Map(),
});

test("messages of one author close together are one block", () => {
  const blocks = chatBlocks([
    message("a", "ann", NOON),
    message("b", "ann", NOON + 60_000),
    message("c", "bob", NOON + 61_000),
    message("d", "bob", NOON + 61_000 + 6 * 60_000),
    message("e", "bob", NOON + 86_400_000),
  ]);
  assert.deepEqual(blocks.map(({ messages }) => messages.map(({ id }) => id).join("")), ["ab", "c", "d", "e"]);
  assert.deepEqual(blocks.map(({ newDay }) => newDay), [true, false, false, true]);
});

test("initials are one or two letters, of any script", () => {
  assert.deepEqual(["Ann", "bob stone", "", "é-ü x", "李 雷"].map(initials), ["A", "BS", "?", "ÉX", "李雷"]);
});

test("oneself is first, the others by name", () => {
  const members = [{ user: "z", name: "Zoe", clients: 1 }, { user: "me", name: "Max", clients: 1 }, { user: "b", name: "", clients: 1 }];
  assert.deepEqual(orderedMembers(members, "me").map(({ user }) => user), ["me", "b", "z"]);
});

function outbox() {
  const answers: { ok: () => void; no: (error: Error) => void }[] = [];
  const box = new Outbox(() => new Promise((ok, no) => answers.push({ ok, no })), () => {});
  return { box, answers, settle: () => new Promise((done) => setImmediate(done)) };
}

test("a message is outgoing until it is acknowledged", async () => {
  const { box, answers, settle } = outbox();
  box.send("hello", [], 0);
  assert.equal(box.items[0]?.failure, null);
  answers[0]?.ok();
  await settle();
  assert.equal(box.items.length, 0);
});

test("a message that is in the chat before its acknowledgement is not shown twice", () => {
  const { box } = outbox();
  const old = message("m1", "ann", 0, "hello");
  box.send("hello", [old], 0);
  box.reconcile([old], "ann");
  assert.equal(box.items.length, 1, "the same text said earlier is another message");
  box.reconcile([old, message("m2", "bob", 1, "hello")], "ann");
  assert.equal(box.items.length, 1, "so is another's");
  box.reconcile([old, message("m3", "ann", 1, "hello")], "ann");
  assert.equal(box.items.length, 0);
});

test("one arrival stands for one of two equal messages", () => {
  const { box } = outbox();
  box.send("hi", [], 0);
  box.send("hi", [], 0);
  box.reconcile([message("m1", "ann", 1, "hi")], "ann");
  assert.equal(box.items.length, 1);
});

test("a message that failed stays, with the reason, until it is discarded", async () => {
  const { box, answers, settle } = outbox();
  box.send("hello", [], 0);
  answers[0]?.no(new Error("permission denied"));
  await settle();
  assert.equal(box.items[0]?.failure, "permission denied");
  box.discard(box.items[0] as (typeof box.items)[number]);
  assert.equal(box.items.length, 0);
});
