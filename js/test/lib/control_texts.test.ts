import assert from "node:assert/strict";
import { test } from "node:test";
import { choices, has, indexOf } from "../../src/lib/choices.ts";
import { parseDate, parseMoment, spellDate, spellMoment } from "../../src/lib/date_text.ts";
import { nameOfSetter } from "../../src/lib/moved_by.ts";
import { parseNumber, spellNumber, stepNumber } from "../../src/lib/number_text.ts";
import { Unusable } from "../../src/lib/options.ts";
import { nearestThumb, within } from "../../src/lib/slider_scale.ts";

const open = { min: null, max: null };

test("a number is read as people write it, and nothing else is one", () => {
  for (const [text, value] of [["12", 12], [" -1.5 ", -1.5], ["\u22123", -3], ["1 000", 1000], [".5", 0.5], ["2.", 2], ["1e3", 1000], ["", null]] as const) {
    assert.deepEqual(parseNumber(text, open), { value }, text);
  }
  for (const text of ["x", "1,5", "0x10", "--1", "1.2.3", "Infinity", "NaN", "1e999", "e5", "."]) {
    assert.ok("fault" in parseNumber(text, open), text);
  }
});

test("a number out of bounds is said with the bounds", () => {
  assert.deepEqual(parseNumber("11", { min: 0, max: 10 }), { fault: "from 0 to 10" });
  assert.deepEqual(parseNumber("-1", { min: 0, max: null }), { fault: "at least 0" });
  assert.deepEqual(parseNumber("5", { min: null, max: 4.5 }), { fault: "at most 4.5" });
  assert.deepEqual(parseNumber("10", { min: 0, max: 10 }), { value: 10 });
});

test("what is spelled is read back the same, without the noise of binary fractions", () => {
  for (const value of [0, -1.25, 1e21, 123456.789, 1e-7]) assert.deepEqual(parseNumber(spellNumber(value), open), { value });
  assert.equal(spellNumber(0.1 + 0.2), "0.3");
});

test("steps count from the lower bound and stay within the bounds", () => {
  assert.equal(stepNumber(1, 1, 0.1, open), 1.1);
  assert.equal(stepNumber(0.3, -1, 0.1, open), 0.2);
  assert.equal(stepNumber(9, 10, 1, { min: 0, max: 10 }), 10);
  assert.equal(stepNumber(5.2, 1, 2, { min: 1, max: null }), 7);
  assert.equal(stepNumber(null, 1, 1, { min: 3, max: null }), 3);
  assert.equal(stepNumber(null, -1, 1, open), 0);
});

test("a date is text without a time, and nothing else is one", () => {
  assert.equal(spellDate("2026-11-25"), "2026-11-25");
  assert.equal(spellDate(null), "");
  for (const value of ["2026-13-01", "25.11.2026", "2026-11-25T10:00:00Z", 5, "", {}]) assert.equal(spellDate(value), null, JSON.stringify(value));
  assert.deepEqual(parseDate("2026-11-25"), { value: "2026-11-25" });
  assert.deepEqual(parseDate(""), { value: null });
  assert.ok("fault" in parseDate("0202-11-25"), "a year that is still being typed");
});

test("a moment goes there and back, and has a zone", () => {
  for (const text of ["2026-11-25T10:00:00Z", "2026-11-25T10:00:05Z", "2026-03-29T01:30:00Z"]) {
    assert.deepEqual(parseMoment(spellMoment(text) ?? ""), { value: text });
  }
  assert.equal(spellMoment("2026-11-25T12:00:00+02:00"), spellMoment("2026-11-25T10:00:00Z"));
  assert.equal(spellMoment("2026-11-25T10:00:00"), null, "another moment for each who looks");
  for (const value of ["2026-11-25", 1_764_000_000_000, "now", "2026-11-25T99:00:00Z"]) assert.equal(spellMoment(value), null, String(value));
  assert.deepEqual(parseMoment(""), { value: null });
  assert.ok("fault" in parseMoment("0020-11-25T10:00"));
});

test("choices have a label and any value, and are found by what they are", () => {
  const list = choices()([{ label: "one", value: 1 }, { label: "none", value: null }, { label: "pair", value: [1, { a: 2 }] }]);
  assert.ok(Array.isArray(list));
  assert.deepEqual([1, null, [1, { a: 2 }], "1", undefined].map((value) => indexOf(list, value)), [0, 1, 2, -1, -1]);
  assert.equal(has([[1], 2], [1]), true);
  assert.equal(has([[1], 2], "2"), false);
  for (const given of [3, ["a"], [{ label: 1, value: 1 }], [{ label: "a" }], {}]) assert.ok(choices()(given) instanceof Unusable, JSON.stringify(given));
});

test("thumbs do not pass each other", () => {
  assert.deepEqual(within([2, 5], 0, 9), [5, 5]);
  assert.deepEqual(within([2, 5], 1, 1), [2, 2]);
  assert.deepEqual(within([2, 5], 0, -1), [-1, 5]);
  assert.deepEqual(within([2], 0, 9), [9]);
});

test("a hand means the nearer thumb, and of two at one place the one that can go there", () => {
  assert.equal(nearestThumb([2, 8], 3), 0);
  assert.equal(nearestThumb([2, 8], 7), 1);
  assert.equal(nearestThumb([5, 5], 9), 1);
  assert.equal(nearestThumb([5, 5], 1), 0);
});

test("who set a value is called by a name that can be told from others", () => {
  const by = { client: "c", user: "ann", name: "Ann\u202e", timeMs: 0 };
  assert.equal(nameOfSetter(by, "bob"), "Ann\ufffd");
  assert.equal(nameOfSetter(by, "ann"), "Ann\ufffd (you)");
  assert.equal(nameOfSetter({ ...by, name: "" }, null), "ann");
  assert.equal(nameOfSetter({ ...by, name: "", user: "" }, null), null);
  assert.equal(nameOfSetter(null, "ann"), null);
});
