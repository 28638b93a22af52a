import assert from "node:assert/strict";
import { test } from "node:test";
import { piecesOf, showsSomething, shownName, unmarked } from "../../src/lib/names.ts";

test("what can't be seen in a name is shown", () => {
  for (const char of ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u3164", "\u{e0041}", "\u2800", "\u115f", "\u1160", "\uffa0", "\u{1d159}", "\u0000", "\u001b", "\u2028"]) {
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

test("the mark of a guest outlives what makes a name shorter", () => {
  assert.match(shownName(`${"a".repeat(500)} (guest)`), /^a{79}… \(guest\)$/u);
  assert.match(shownName(`${"\u{1f469}".repeat(40)} (guest)`), / \(guest\)$/u);
  assert.equal(unmarked("Ann (guest)"), "Ann");
  assert.equal(unmarked("Ann"), "Ann");
});

test("marks of guests stand for themselves in a text", () => {
  assert.deepEqual(piecesOf("Ann (guest) and Bob"), [{ text: "Ann", isMark: false }, { text: " (guest)", isMark: true }, { text: " and Bob", isMark: false }]);
  assert.deepEqual(piecesOf("Bob"), [{ text: "Bob", isMark: false }]);
  assert.deepEqual(piecesOf(""), []);
});

test("a text of characters that show nothing shows nothing", () => {
  for (const text of ["", " \n\t", "\u200b", "\u3164\u2800 ", "\u0301", "\u{e0041}"]) assert.equal(showsSomething(text), false);
  for (const text of ["a", "👍", "…", "李", "\u200bx"]) assert.equal(showsSomething(text), true);
});

test("a joiner is shown where nothing is joined, and so is what chooses between forms of a letter", () => {
  for (const char of ["\u200c", "\u200d", "\ufe00", "\ufe0e", "\ufe0f", "\u{1d173}", "\u{1bca0}", "\u{13430}"]) {
    assert.equal(shownName(`A${char}nn`), "A\ufffdnn", char.codePointAt(0)?.toString(16));
    assert.equal(shownName(`李${char}小`), "李\ufffd小");
    assert.equal(shownName(`1${char}2`), "1\ufffd2");
  }
  assert.equal(shownName("A\u0301\u200dnn"), "A\u0301\ufffdnn");
  assert.equal(shownName("می\u200cA"), "می\ufffdA");
  assert.equal(shownName("👩\u200cA"), "👩\ufffdA");
  assert.equal(shownName("👩\ufe0f\ufe0f"), "👩\ufe0f\ufffd");
  assert.equal(shownName("A\u200d👩"), "A\ufffd👩");
});

test("emoji that are made of several stay whole", () => {
  for (const emoji of ["👁️‍🗨️", "🧑🏽‍🚀", "👩‍❤️‍💋‍👨", "🏳️‍🌈", "1️⃣", "❤️", "🤷🏽‍♀️", "☺︎", "क्‍ष", "ක්‍ෂ"]) assert.equal(shownName(emoji), emoji);
});
