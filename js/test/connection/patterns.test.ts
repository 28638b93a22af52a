import assert from "node:assert/strict";
import { test } from "node:test";
import { capsOf, gives, matches } from "../../src/connection/patterns.ts";

test("a star stands for any characters, and for nothing else", () => {
  for (const [pattern, target] of [["*", ""], ["*", "stream:a"], ["stream:*", "stream:a/b"], ["a*c*e", "abcde"], ["a*b", "ab"], ["a**b", "axb"], ["stream:a", "stream:a"], ["stream:*", "stream:m/*"]] as const) {
    assert.ok(matches(pattern, target), `${pattern} ${target}`);
  }
  for (const [pattern, target] of [["stream:a", "stream:ab"], ["stream:*", "table:a"], ["a*bc*c", "abc"], ["ab*ba", "aba"], ["a*c*e", "aec"], ["", "a"], ["stream:m/*", "stream:m2/a"]] as const) {
    assert.ok(!matches(pattern, target), `${pattern} ${target}`);
  }
});

test("rights are what one of the patterns gives", () => {
  const caps = capsOf({ "stream:morning/*": ["subscribe"], "value:x": ["publish", 7], bad: "subscribe" });
  assert.ok(gives(caps, "subscribe", "stream:morning/a"));
  assert.ok(gives(caps, "subscribe", "stream:morning/*"));
  assert.ok(!gives(caps, "publish", "stream:morning/a"));
  assert.ok(!gives(caps, "subscribe", "stream:evening/a"));
  assert.ok(gives(caps, "publish", "value:x"));
  assert.ok(!gives(caps, "subscribe", "bad"));
  for (const strange of [null, 7, [], "x", { __proto__: 1 }]) assert.equal(gives(capsOf(strange), "subscribe", "a"), false);
});

test("who may call a command of a scope sees its catalogue and its calls, and no others", () => {
  const sees = (pattern: string, scope: string) =>
    ["commands", "calls"].map((name) => gives(capsOf({ [pattern]: ["command"] }), "subscribe", `table:${scope}rtwidgets.${name}`));
  for (const [pattern, scope] of [["command:halt", ""], ["command:*", ""], ["command:morning/halt", "morning/"], ["command:morning/*", "morning/"]] as const) {
    assert.deepEqual(sees(pattern, scope), [true, true], pattern);
  }
  for (const [pattern, scope] of [["command:halt", "morning/"], ["command:morning/halt", ""], ["command:morning/", "morning/"], ["value:x", ""]] as const) {
    assert.deepEqual(sees(pattern, scope), [false, false], pattern);
  }
  const caps = capsOf({ "command:halt": ["command"] });
  assert.equal(gives(caps, "history", "table:rtwidgets.calls"), false);
  assert.equal(gives(caps, "subscribe", "event:rtwidgets.audit"), false);
  assert.equal(gives(caps, "subscribe", "table:rtwidgets.sessions"), false);
});
