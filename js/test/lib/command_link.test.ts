import assert from "node:assert/strict";
import { test } from "node:test";
import { writableSlot } from "../../src/connection/registry.ts";
import { CommandLink, commandPicture, type Run } from "../../src/lib/command_link.ts";
import type { Spec } from "../../src/lib/options.ts";
import { Redraws } from "../../src/lib/redraws.ts";
import { endingText } from "../../src/lib/run_view.ts";
import type { Saved } from "../../src/lib/saved.ts";
import { Sight } from "../../src/lib/sight.ts";
import { FakeConnection, type FakeTable } from "../harness/fake.ts";

const CHANNELS = new Map([["commands", "table:rtwidgets.commands"], ["calls", "table:rtwidgets.calls"]]);
const specOf = (hub: string, saved: Saved | null = null): Spec<{ command: string }> => ({ hub, channels: CHANNELS, options: { command: "halt" }, problems: [], saved });
let hubs = 0;

interface Setup {
  readonly connection: FakeConnection;
  readonly link: CommandLink;
  readonly calls: FakeTable;
  readonly catalogue: FakeTable;
}

function setUp(): Setup {
  const hub = `command-link-${hubs++}`;
  const connection = new FakeConnection(hub);
  const link = new CommandLink(specOf(hub), new Sight(), new Redraws(), new AbortController().signal);
  writableSlot(hub).put(connection);
  const catalogue = connection.table("table:rtwidgets.commands");
  catalogue.change([{ name: "halt", title: "Halt", handlers: 1, schema: {} }]);
  return { connection, link, calls: connection.table("table:rtwidgets.calls"), catalogue };
}

const row = (change: Record<string, unknown>) => ({
  id: "c1",
  command: "halt",
  state: "running",
  user: "bob",
  name: "Bob",
  key: "k",
  started_ms: 1,
  fraction: null,
  note: "",
  error: "",
  ...change,
});
const brief = (run: Run | null) => run && [run.by, run.state, run.fraction, run.note];

/** A call that is answered by hand. */
function held(connection: FakeConnection): { key: () => string; done: (result: unknown) => void; fail: (error: unknown) => void } {
  let key = "";
  let done: (result: unknown) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  connection.answer = (_command, _args, given) => {
    key = given;
    return new Promise((resolve, reject) => ([done, fail] = [resolve, reject]));
  };
  return { key: () => key, done: (result) => done(result), fail: (error) => fail(error) };
}

test("a call of one's own is followed by its key until its answer comes", async () => {
  const { connection, link, calls } = setUp();
  const call = held(connection);
  const started = link.start({ symbol: "A" }, 1_000);
  assert.deepEqual(brief(link.own), ["", "running", null, ""]);
  assert.equal(link.own?.id, null);
  calls.change([row({ id: "other", user: "ann", key: "elsewhere" }), row({ user: "ann", name: "Ann", key: call.key(), fraction: 0.5, note: "half" })]);
  assert.deepEqual(brief(link.own), ["", "running", 0.5, "half"]);
  assert.deepEqual(link.others.map(brief), [["you", "running", null, ""]]);
  await link.start({}, 1_000);
  call.done(42);
  await started;
  assert.equal(link.own, null);
  assert.deepEqual([link.ending?.state, link.ending?.result], ["done", 42]);
  calls.change([row({ user: "ann", key: call.key(), state: "done" })]);
  assert.equal(link.others.length, 1, "what its ending says is not said twice");
});

test("somebody with the same key is somebody else", async () => {
  const { connection, link, calls } = setUp();
  const call = held(connection);
  void link.start({}, 1_000);
  calls.change([row({ key: call.key(), fraction: 0.9 })]);
  assert.equal(link.own?.fraction, null);
  assert.deepEqual(link.others.map(brief), [["Bob", "running", 0.9, ""]]);
});

test("calls of others: those under way first, the newest of them first; those of other commands not", () => {
  const { link, calls } = setUp();
  calls.change([
    row({ id: "1", started_ms: 1 }),
    row({ id: "2", started_ms: 2, state: "failed", error: "ValueError: no" }),
    row({ id: "3", started_ms: 3, state: "cancelling", name: "", user: "eve" }),
    row({ id: "4", command: "go" }),
    row({ id: "5", started_ms: 5, state: "something new", name: "", user: "", fraction: 7 }),
  ]);
  assert.deepEqual(link.others.map(({ id, by, state, fraction, fault }) => [id, by, state, fraction, fault]), [
    ["5", "somebody", "running", 1, ""],
    ["3", "eve", "cancelling", null, ""],
    ["1", "Bob", "running", null, ""],
    ["2", "Bob", "failed", null, "ValueError: no"],
  ]);
  calls.change([], ["1", "2", "3", "5"]);
  assert.deepEqual(link.others, []);
});

test("one's own call is cancelled by its key, at once; another's by its id", async () => {
  const { connection, link, calls } = setUp();
  const call = held(connection);
  const started = link.start({}, 1_000);
  await link.cancel(link.own ?? assert.fail());
  assert.equal(link.own?.state, "cancelling");
  calls.change([row({})]);
  await link.cancel(link.others[0] ?? assert.fail());
  assert.deepEqual(connection.cancelled, [call.key(), "c1"]);
  call.fail({ code: 1004, message: "the call of 'halt' was cancelled by Ann" });
  await started;
  assert.equal(link.ending?.state, "cancelled");
  assert.deepEqual(link.ending && endingText(link.ending), { text: "stopped", tone: "" });
});

test("a cancel that is refused can be tried again", async () => {
  const { connection, link } = setUp();
  held(connection);
  void link.start({}, 1_000);
  connection.stop = () => Promise.reject(new Error("permission denied"));
  await link.cancel(link.own ?? assert.fail());
  assert.equal(link.own?.state, "running");
});

test("how a call failed is said with what the handler says, and a deadline with the way out", async () => {
  const { connection, link } = setUp();
  for (const [code, message, state, text] of [
    [1001, "halt: ValueError: no such symbol", "failed", "ValueError: no such symbol"],
    [1002, "late", "deadline", "'halt' did not answer within 5 s; with timeout_s=... it may take longer"],
    [1003, "gone", "unknown", "gone"],
    [103, "no right", "refused", "no right"],
  ] as const) {
    const call = held(connection);
    const started = link.start({}, 5_000);
    call.fail(Object.assign(new Error(message), { code }));
    await started;
    assert.equal(link.ending?.state, state);
    assert.deepEqual(link.ending && endingText(link.ending), { text, tone: "bad" });
  }
});

test("a command is remembered while its handler is away, and comes back by itself", () => {
  const { link, catalogue } = setUp();
  assert.equal(link.whyNot, null);
  catalogue.change([], ["halt"]);
  assert.equal(link.whyNot, "the handler of 'halt' is away; this goes on when it is back");
  assert.equal(link.row?.get("title"), "Halt");
  catalogue.change([{ name: "halt", title: "Halt anew", handlers: 1, schema: {} }]);
  assert.equal(link.whyNot, null);
  assert.equal(link.row?.get("title"), "Halt anew");
});

test("without a connection nothing starts, and that is said", async () => {
  const link = new CommandLink(specOf("command-link-nowhere"), new Sight(), new Redraws(), new AbortController().signal);
  await link.start({}, 1_000);
  assert.deepEqual([link.ending?.state, link.ending?.fault], ["refused", "not connected"]);
});

test("who has no right to call may watch, and is told so at once, also while the hub is away", () => {
  const { connection, link } = setUp();
  connection.denied.add("command command:halt");
  assert.equal(link.mayCall, false);
  connection.denies = () => false;
  assert.equal(link.whyNot, null, "the right may be on its way");
  connection.denies = () => true;
  assert.equal(link.whyNot, "you can watch this, not run it: you have no right to call 'halt'");
  connection.setStatus({ phase: "connecting" });
  assert.equal(link.locked, link.whyNot);
  connection.denies = () => false;
  connection.setStatus({ phase: "live" });
  assert.equal(link.whyNot, null);
});

test("what was saved shows the command, and calls nothing", () => {
  const { link } = setUp();
  const feeds = new Map(Object.entries(commandPicture(link) ?? {}));
  const saved = new CommandLink(specOf("command-link-saved", { atMs: 5, feeds }), new Sight(), new Redraws(), new AbortController().signal);
  assert.equal(saved.row?.get("title"), "Halt");
  assert.equal(saved.whyNot, "");
});

test("that nobody knows what became of a call gives way after a while, what it came to stays", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const [code, stays] of [[1003, false], [1001, true]] as const) {
    const { connection, link } = setUp();
    const call = held(connection);
    const ended = link.start({}, 1000);
    call.fail(Object.assign(new Error("halt: the handler went away"), { code }));
    await ended;
    t.mock.timers.tick(29_000);
    assert.notEqual(link.ending, null);
    t.mock.timers.tick(1_000);
    assert.equal(link.ending !== null, stays, `code ${code}`);
  }
});

test("a call that is made meanwhile is not taken for the old one", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { connection, link } = setUp();
  for (const code of [1003, 1001]) {
    const call = held(connection);
    const ended = link.start({}, 1000);
    call.fail(Object.assign(new Error("halt: no"), { code }));
    await ended;
  }
  t.mock.timers.tick(60_000);
  assert.equal(link.ending?.state, "failed");
});
