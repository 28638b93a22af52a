import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../../src/lib/outbox.ts";
import { said } from "../harness/fake.ts";

const settle = () => new Promise((done) => setImmediate(done));

function outbox() {
  const answers: { ok: () => void; no: (error: unknown) => void }[] = [];
  const sent: string[] = [];
  const state = { live: true };
  const ending = new AbortController();
  const box = new Outbox(() => state.live, () => {}, ending.signal);
  const send = (id: string, text: string | null = id) =>
    box.send(
      id,
      text === null ? null : { id, text },
      () => {
        sent.push(id);
        return new Promise((ok, no) => answers.push({ ok: () => ok(), no }));
      },
      0,
    );
  return { box, answers, sent, state, send, ending };
}

test("messages go one after the other, in order, and are outgoing until they are acknowledged", async () => {
  const { box, answers, sent, send } = outbox();
  send("a");
  send("b");
  assert.deepEqual([sent, box.items.length], [["a"], 2]);
  answers[0]?.ok();
  await settle();
  assert.deepEqual([sent, box.items.map(({ id }) => id)], [["a", "b"], ["b"]]);
});

test("what is said while there is no connection is sent when there is one", async () => {
  const { box, answers, sent, state, send } = outbox();
  state.live = false;
  send("a");
  box.pump();
  assert.deepEqual([sent, box.items[0]?.failure], [[], null]);
  state.live = true;
  box.pump();
  assert.deepEqual(sent, ["a"]);
  answers[0]?.ok();
  await settle();
  assert.equal(box.items.length, 0);
});

test("a message whose acknowledgement was lost is sent again under the same id", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const code of [2, 11, 100, 109, 1002]) {
    const { box, answers, sent, state, send } = outbox();
    send("a");
    state.live = false;
    answers[0]?.no(Object.assign(new Error("gone"), { code }));
    await settle();
    assert.equal(box.items[0]?.failure, null);
    t.mock.timers.tick(20_000);
    assert.deepEqual(sent, ["a"]);
    state.live = true;
    box.pump();
    assert.deepEqual(sent, ["a", "a"], `code ${code}`);
  }
});

test("while the hub can't for a moment it is asked again, and more and more seldom", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { answers, sent, send } = outbox();
  send("a");
  const times: number[] = [];
  let now = 0;
  for (let step = 0; step < 400; step++) {
    if (sent.length > times.length) {
      times.push(now);
      answers.at(-1)?.no(Object.assign(new Error("busy"), { code: 100 }));
      await settle();
    }
    t.mock.timers.tick(100);
    now += 100;
  }
  assert.deepEqual(times.slice(0, 6), [0, 500, 1_500, 3_500, 7_500, 15_500]);
  assert.equal((times[7] ?? 0) - (times[6] ?? 0), 10_000);
});

test("a message that is in the chat before its acknowledgement is not shown twice", () => {
  const { box, send } = outbox();
  send("a");
  send("b");
  send("a2", null);
  box.reconcile((id) => (id === "a" ? said("ann", "Ann", "x", 0, { id }) : null));
  assert.deepEqual(box.items.map(({ id }) => id), ["b", "a2"]);
});

test("a message that the hub refuses stays, with the reason, until it is sent again or discarded; others go on", async () => {
  const { box, answers, sent, send } = outbox();
  send("a");
  send("b");
  answers[0]?.no(Object.assign(new Error("permission denied"), { code: 103 }));
  await settle();
  assert.equal(box.items[0]?.failure, "permission denied");
  assert.deepEqual(sent, ["a", "b"]);
  answers[1]?.ok();
  await settle();
  box.retry(box.items[0] as (typeof box.items)[number]);
  assert.deepEqual(sent, ["a", "b", "a"]);
  answers[2]?.no(new Error("no"));
  await settle();
  box.discard(box.items[0] as (typeof box.items)[number]);
  assert.equal(box.items.length, 0);
});

test("nothing is sent after the widget's end", async () => {
  const { box, sent, send, ending } = outbox();
  ending.abort();
  send("a");
  box.pump();
  assert.deepEqual(sent, []);
});
