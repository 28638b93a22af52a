import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { SharedValue } from "../../src/lib/shared_value.ts";

/** A control on a pretend hub whose answers the test gives. */
function control(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const hub = { value: 0 as unknown, sent: [] as unknown[], answers: [] as { ok: () => void; no: (error: Error) => void }[] };
  const shown: unknown[] = [];
  const failures: string[] = [];
  const shared = new SharedValue({
    send: (value) => {
      hub.sent.push(value);
      return new Promise((ok, no) => hub.answers.push({ ok, no }));
    },
    current: () => hub.value,
    show: (value) => shown.push(value),
    failed: (reason) => failures.push(reason),
    intervalMs: 33,
  });
  const settle = async () => {
    for (let i = 0; i < 4; i++) await Promise.resolve();
  };
  return { hub, shown, failures, shared, settle, last: () => shown.at(-1) };
}

test("sets are sent at once, then at most one per interval, the latest", (t) => {
  const { hub, shared } = control(t);
  for (let value = 1; value <= 5; value++) shared.set(value);
  assert.deepEqual(hub.sent, [1]);
  t.mock.timers.tick(33);
  assert.deepEqual(hub.sent, [1, 5]);
});

test("what comes from the hub waits while the hand is on the control", (t) => {
  const { hub, shared, last } = control(t);
  shared.hold();
  hub.value = 50;
  shared.incoming();
  assert.equal(last(), undefined);
  shared.release();
  t.mock.timers.tick(300);
  assert.equal(last(), 50);
});

test("an echo of an earlier set does not move the control back", async (t) => {
  const { hub, shared, settle, shown } = control(t);
  shared.set(1);
  shared.set(2);
  hub.value = 1;
  shared.incoming();
  hub.answers[0]?.ok();
  await settle();
  t.mock.timers.tick(33);
  hub.value = 2;
  shared.incoming();
  hub.answers[1]?.ok();
  await settle();
  t.mock.timers.tick(300);
  assert.deepEqual(shown.filter((value, i) => value !== shown[i - 1]), [1, 2]);
});

test("an answer that comes before its own publication does not show the old value", async (t) => {
  const { hub, shared, settle, last } = control(t);
  shared.set(9);
  hub.answers[0]?.ok();
  await settle();
  t.mock.timers.tick(40);
  assert.equal(last(), 9);
  hub.value = 9;
  shared.incoming();
  assert.equal(last(), 9);
});

test("another's value that came while ours was on its way shows in the end", async (t) => {
  const { hub, shared, settle, last } = control(t);
  shared.set(9);
  hub.value = 77;
  shared.incoming();
  assert.equal(last(), 9);
  hub.answers[0]?.ok();
  await settle();
  t.mock.timers.tick(300);
  assert.equal(last(), 77);
});

test("a set that fails is said, and the hub's value comes back", async (t) => {
  const { hub, shared, settle, last, failures } = control(t);
  hub.value = 3;
  shared.set(9);
  hub.answers[0]?.no(new Error("permission denied"));
  await settle();
  assert.deepEqual(failures, ["permission denied"]);
  t.mock.timers.tick(40);
  assert.equal(last(), 3);
});
