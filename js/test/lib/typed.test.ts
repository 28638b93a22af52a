import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Typed } from "../../src/lib/typed.ts";

/** A field for numbers on a pretend hub. */
function field(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const hub = { value: 1 as unknown, version: 4 };
  const did: unknown[] = [];
  const typed = new Typed({
    parse: (text) => (/^\d+$/.test(text) ? { value: Number(text) } : { fault: "no number" }),
    current: () => ({ ...hub }),
    hold: () => did.push("hold"),
    release: () => did.push("release"),
    set: (value) => did.push(value),
    restore: (text) => did.push(`restore ${text}`),
    changed: () => undefined,
    pauseMs: 1_000,
  });
  const move = (value: unknown, mine = false) => {
    hub.value = value;
    hub.version += 1;
    typed.incoming(mine);
  };
  return { typed, did, move };
}

test("Enter sets what was typed, once", (t) => {
  const { typed, did } = field(t);
  typed.typed("1");
  typed.typed("12");
  typed.commit();
  typed.commit();
  typed.leave();
  t.mock.timers.tick(5_000);
  assert.deepEqual(did, ["hold", 12, "release"]);
  assert.equal(typed.draft, null);
});

test("a pause sets it, but half a number is left alone until the field is left", (t) => {
  const { typed, did } = field(t);
  typed.typed("7");
  t.mock.timers.tick(999);
  typed.typed("7.");
  t.mock.timers.tick(3_000);
  assert.deepEqual([did, typed.fault], [["hold"], ""]);
  typed.leave();
  assert.deepEqual([did, typed.fault, typed.draft], [["hold"], "no number", "7."]);
  typed.typed("75");
  assert.equal(typed.fault, "");
  t.mock.timers.tick(1_000);
  assert.deepEqual(did, ["hold", 75, "release"]);
});

test("what another sets while somebody types is told, and does not eat the text", (t) => {
  const { typed, did, move } = field(t);
  typed.typed("5");
  move(88);
  assert.deepEqual([typed.rival, typed.draft], [{ value: 88 }, "5"]);
  t.mock.timers.tick(5_000);
  typed.leave();
  assert.deepEqual(did, ["hold"], "neither a pause nor leaving overwrites it");
  typed.commit();
  assert.deepEqual(did, ["hold", 5, "release"]);
  assert.equal(typed.rival, null);
});

test("Escape takes theirs", (t) => {
  const { typed, did, move } = field(t);
  typed.typed("5");
  move(88);
  typed.revert();
  assert.deepEqual([did, typed.draft, typed.rival], [["hold", "release"], null, null]);
});

test("the echo of one's own set is no rival, nor is the same value again", (t) => {
  const { typed, move } = field(t);
  typed.typed("5");
  typed.commit();
  typed.typed("56");
  move(5, true);
  assert.equal(typed.rival, null);
  move(5);
  assert.deepEqual(typed.rival, { value: 5 }, "somebody else's is one");
  typed.revert();
  typed.typed("6");
  move(5);
  assert.equal(typed.rival, null, "nothing has changed by it");
});

test("a text that the hub refused comes back to be sent again, unless something else is typed by then", (t) => {
  const { typed, did } = field(t);
  typed.typed("5");
  typed.commit();
  typed.answered("permission denied");
  assert.deepEqual(did, ["hold", 5, "release", "hold", "restore 5"]);
  assert.equal(typed.draft, "5");
  t.mock.timers.tick(5_000);
  assert.equal(did.length, 5, "by a word only");
  typed.commit();
  typed.typed("6");
  typed.answered("permission denied");
  assert.equal(typed.draft, "6");
  assert.equal(did.at(-1), "hold");
});

test("an answer that is good leaves nothing to put back", (t) => {
  const { typed, did } = field(t);
  typed.typed("5");
  typed.commit();
  typed.answered("");
  typed.answered("gone");
  assert.deepEqual(did, ["hold", 5, "release"]);
});
