import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { SharedValue } from "../../src/lib/shared_value.ts";

/** A control on a pretend hub whose answers the test gives. */
function control(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const hub = { value: 0 as unknown, sent: [] as unknown[], version: 1, answers: [] as { ok: (version: number | null) => void; no: (error: Error) => void }[] };
  const shown: unknown[] = [];
  const failures: string[] = [];
  const shared = new SharedValue({
    send: (value) => {
      hub.sent.push(value);
      return new Promise((ok, no) => hub.answers.push({ ok, no }));
    },
    current: () => ({ value: hub.value, version: hub.version }),
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
  assert.equal(last(), 50);
});

test("echoes of earlier sets never move the control back, in whatever order answers and publications come", async (t) => {
  const { hub, shared, settle, shown } = control(t);
  shared.hold();
  for (let value = 1; value <= 6; value++) {
    shared.set(value);
    t.mock.timers.tick(33);
    // The answer comes before the publication, and publications are late by two.
    hub.answers[value - 1]?.ok(value + 1);
    await settle();
    if (value > 2) Object.assign(hub, { value: value - 2, version: value - 1 });
    shared.incoming();
  }
  shared.release();
  for (const [value, version] of [[5, 6], [6, 7]] as const) {
    Object.assign(hub, { value, version });
    shared.incoming();
  }
  t.mock.timers.tick(5_000);
  assert.deepEqual(shown.filter((value, i) => value !== shown[i - 1]), [1, 2, 3, 4, 5, 6]);
});

test("a value set twice with another between does not flicker", async (t) => {
  const { hub, shared, settle, shown } = control(t);
  for (const [i, value] of ["a", "b", "a"].entries()) {
    shared.set(value);
    t.mock.timers.tick(33);
    hub.answers[i]?.ok(i + 2);
    await settle();
  }
  for (const [i, value] of ["a", "b", "a"].entries()) {
    Object.assign(hub, { value, version: i + 2 });
    shared.incoming();
  }
  assert.deepEqual(shown.filter((value, i) => value !== shown[i - 1]), ["a", "b", "a"]);
  assert.equal(shown.lastIndexOf("b"), 1);
});

test("another's value that came after ours shows when ours is known to be older", async (t) => {
  const { hub, shared, settle, last } = control(t);
  shared.set(9);
  Object.assign(hub, { value: 77, version: 3 });
  shared.incoming();
  assert.equal(last(), 9);
  hub.answers[0]?.ok(2);
  await settle();
  assert.equal(last(), 77);
});

test("a version that never comes, as of a hub that was started again, is not waited for without end", async (t) => {
  const { hub, shared, settle, last } = control(t);
  shared.set(9);
  hub.answers[0]?.ok(500);
  await settle();
  Object.assign(hub, { value: 3, version: 1 });
  shared.incoming();
  assert.equal(last(), 9);
  t.mock.timers.tick(2_000);
  assert.equal(last(), 3);
});

test("where the hub knows no versions the same value is taken for ours, for a moment", async (t) => {
  const { hub, shared, settle, last } = control(t);
  hub.version = 0;
  shared.set([1, 2]);
  hub.answers[0]?.ok(null);
  await settle();
  assert.deepEqual(last(), [1, 2]);
  hub.value = [1, 2];
  shared.incoming();
  hub.value = 5;
  shared.incoming();
  assert.equal(last(), 5);
  shared.set(6);
  t.mock.timers.tick(33);
  hub.answers[1]?.ok(null);
  await settle();
  assert.equal(last(), 6);
  t.mock.timers.tick(250);
  assert.equal(last(), 5);
});

test("a set that fails is said, and the hub's value comes back", async (t) => {
  const { hub, shared, settle, last, failures } = control(t);
  hub.value = 3;
  shared.set(9);
  hub.answers[0]?.no(new Error("permission denied"));
  await settle();
  assert.deepEqual(failures, ["permission denied"]);
  assert.equal(last(), 3);
});
