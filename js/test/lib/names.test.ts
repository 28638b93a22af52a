import assert from "node:assert/strict";
import { test } from "node:test";
import { shownName } from "../../src/lib/names.ts";

test("what can't be seen in a name is shown", () => {
  for (const char of ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u3164", "\u{e0041}", "\u0000", "\u001b", "\u2028"]) {
    assert.equal(shownName(`A${char}nn`), "A\ufffdnn");
  }
});

test("names of all scripts stay as they are", () => {
  for (const name of ["Ann Stone", "Łukasz", "李小龙", "عبد الله", "नेहा", "می‌خواهم", "👩‍🚀 Zoë", "O'Brien-Smith", "x_1.a"]) {
    assert.equal(shownName(name), name);
  }
});

test("a joiner that joins nothing is shown", () => {
  assert.equal(shownName("Ann\u200d"), "Ann\ufffd");
  assert.equal(shownName("Ann\u200c 1"), "Ann\ufffd 1");
});

test("a name is no longer than a line holds", () => {
  assert.equal(shownName("a".repeat(500)).length, 80);
});
