import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { writableSlot } from "../../src/connection/registry.ts";
import type { Row } from "../../src/connection/types.ts";
import { ChatCalls } from "../../src/lib/chat_calls.ts";
import { Conversation } from "../../src/lib/conversation.ts";
import { FakeConnection } from "../harness/fake.ts";
import { FakeWant } from "../harness/wants.ts";

let made = 0;
const SCHEMA = { properties: { symbol: { type: "string" } }, required: ["symbol"] };

function setUp(t: TestContext) {
  const hub = `calls${made++}`;
  const connection = new FakeConnection(hub);
  const desk = connection.chat("chat:morning/desk");
  desk.delayMs = 0;
  connection.table("table:morning/rtwidgets.commands").change([{ name: "morning/halt", title: "Halt", handlers: 1, schema: SCHEMA }]);
  const table = connection.table("table:morning/rtwidgets.calls");
  const called: { command: string; args: unknown; key: string }[] = [];
  const cancelled: unknown[] = [];
  let answer: { ok: (result: unknown) => void; no: (error: unknown) => void } = { ok: () => {}, no: () => {} };
  connection.call = (command, args, _timeoutMs, key = "") => {
    called.push({ command, args: { ...args }, key });
    return new Promise((ok, no) => (answer = { ok, no }));
  };
  connection.cancel = (command, call) => Promise.resolve(void cancelled.push([command, call]));
  const ending = new AbortController();
  t.after(() => ending.abort());
  const none = { get: () => null, set: () => {} };
  const conversation = new Conversation(hub, "chat:morning/desk", new FakeWant(), none, () => {}, ending.signal);
  const calls = new ChatCalls(hub, "chat:morning/desk", new FakeWant(), () => {}, ending.signal);
  writableSlot(hub).put(connection);
  const settle = async () => {
    for (let i = 0; i < 8; i++) await new Promise((done) => setTimeout(done, 1));
  };
  const progress = (cells: object) => table.change([{ id: "c1", command: "morning/halt", user: "ann", key: called[0]?.key, state: "running", ...cells }]);
  return { connection, desk, conversation, calls, called, cancelled, settle, progress, answer: () => answer };
}

const notes = (desk: { messages: readonly { text: string; command: object | null; replyTo: string | null }[] }) =>
  desk.messages.map(({ text, command, replyTo }) => [text, (command as { state?: string } | null)?.state ?? null, replyTo]);

test("a line that calls a command is said, and its result in an answer to it", async (t) => {
  const { desk, conversation, calls, called, settle, answer } = setUp(t);
  assert.equal(calls.run("/halt ACME", conversation), null);
  await settle();
  const line = desk.messages[0]?.id ?? "";
  assert.deepEqual(notes(desk), [["/halt ACME", null, null], ["", "running", line]]);
  assert.deepEqual([called.length, called[0]?.command, called[0]?.args], [1, "morning/halt", { symbol: "ACME" }]);
  answer().ok({ halted: true });
  await settle();
  assert.deepEqual(notes(desk)[1], ['{\n "halted": true\n}', "done", line]);
  assert.equal(desk.messages[1]?.edited, false);
});

test("how it ended is told in the caller's words", async (t) => {
  for (const [code, state, text] of [[1001, "failed", "ValueError: no"], [1002, "unknown", "ValueError: no"], [1003, "unknown", "ValueError: no"], [1004, "cancelled", ""], [103, "failed", "ValueError: no"]] as const) {
    const { desk, conversation, calls, settle, answer } = setUp(t);
    calls.run("/halt ACME", conversation);
    await settle();
    answer().no(Object.assign(new Error("ValueError: no"), { code }));
    await settle();
    assert.deepEqual(notes(desk)[1]?.slice(0, 2), [text, state]);
  }
});

test("progress is told as the hub shows it, at most once a second", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const { desk, conversation, calls, settle, progress } = setUp(t);
  calls.run("/halt ACME", conversation);
  await settle();
  progress({ fraction: 0.1, note: "early" });
  await settle();
  assert.equal(desk.messages[1]?.text, "", "not within the first second");
  t.mock.timers.tick(1_100);
  progress({ fraction: 0.4, note: "half" });
  progress({ fraction: 0.5, note: "more" });
  await settle();
  assert.deepEqual([desk.messages[1]?.text, desk.messages[1]?.command?.fraction, desk.messages[1]?.command?.state], ["half", 0.4, "running"]);
});

test("a call that the hub shows as under way is stopped by its id, by who has the right to call it", async (t) => {
  const { connection, desk, conversation, calls, cancelled, settle, progress } = setUp(t);
  calls.run("/halt ACME", conversation);
  await settle();
  const told = () => desk.messages[1] as (typeof desk.messages)[number];
  assert.equal(calls.stoppable(told()), null, "the hub does not show it yet");
  progress({ fraction: 0.1 });
  assert.equal(calls.stoppable(told()), "c1");
  // Somebody else's message with the same key tells of no call of theirs.
  assert.equal(calls.stoppable({ ...told(), user: "mallory" }), null);
  await calls.stop(told());
  assert.deepEqual(cancelled, [["morning/halt", { id: "c1" }]]);
  connection.denied.add("command command:morning/halt");
  assert.equal(calls.stoppable(told()), null);
  connection.denied.clear();
  progress({ state: "done" });
  assert.equal(calls.stoppable(told()), null);
});

test("what can't be called is said, and nothing is sent", async (t) => {
  const { connection, desk, conversation, calls, called, settle } = setUp(t);
  const why = (line: string) => calls.run(line, conversation) ?? "";
  assert.match(why("/nope"), /nobody serves a command '\/nope' here; two slashes/);
  assert.match(why("/halt"), /'symbol' is missing/);
  connection.denied.add("command command:morning/halt");
  assert.match(why("/halt ACME"), /no right to call '\/halt'/);
  connection.denied.clear();
  connection.setStatus({ phase: "connecting" });
  assert.match(why("/halt ACME"), /not kept for later/);
  const rows = connection.table("table:morning/rtwidgets.commands").rows as Map<string, Row>;
  rows.set("morning/halt", new Map(rows.get("morning/halt")).set("handlers", 0));
  assert.match(why("/halt ACME"), /nobody serves/);
  await settle();
  assert.deepEqual([desk.messages.length, called.length], [0, 0]);
});
