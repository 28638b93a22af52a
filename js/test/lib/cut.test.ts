import assert from "node:assert/strict";
import { test } from "node:test";
import { cellText } from "../../src/lib/column_style.ts";
import { cut, MAX_LINE, MAX_TYPED, parts, pieces } from "../../src/lib/cut.ts";
import { firstEntry, readFormSchema } from "../../src/lib/form_fields.ts";
import { parseMarkdown } from "../../src/lib/markdown.ts";

const SLOW = ["\u0e33", "\u0eb3", "\u1b44", "\u07ca", "\u0628", "\u1000\u1039", "a\u05d0", "\u0301", "\u{1f468}\u200d", "W"];
const longest = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));

test("a text is cut at its length and no letter within", () => {
  assert.equal(cut("abc", 3), "abc");
  assert.equal(cut("abcd", 3), "ab…");
  assert.equal(cut("ab\u{1f469}\u200d\u{1f680}cd", 5), "ab…");
  assert.equal(cut("ae\u0301e\u0301", 3), "a…");
  assert.equal(cut("\u0301".repeat(900), 500).length, 500);
});

test("what runs on without a space is in parts that a page shapes one by one", () => {
  for (const char of SLOW) {
    const text = char.repeat(16_000 / char.length);
    assert.equal(parts(text).join(""), text);
    assert.ok(longest(parts(text)) <= 40, char);
  }
  for (const text of ["", "a b", "Donaudampfschifffahrtsgesellschaft faehrt ".repeat(90), "中文文字很长，没有空格。".repeat(900), "กรุงเทพมหานคร น้ำใจ ".repeat(500)]) {
    assert.deepEqual(parts(text), [text]);
  }
  assert.deepEqual(parts(`${"a".repeat(38)}\u{1f469}\u200d\u{1f680}b`), ["a".repeat(38), "\u{1f469}\u200d\u{1f680}b"]);
});

test("a line is in pieces that end with a word", () => {
  assert.deepEqual(pieces("one two three", 8), ["one two ", "three"]);
  assert.deepEqual(pieces("a".repeat(10), 4), ["aaaa", "aaaa", "aa"]);
});

test("a cell shows the beginning of what it holds", () => {
  const style = { kind: "text", decimals: 0, grouped: false } as const;
  for (const cell of ["\u0e33".repeat(20_000), { a: "x".repeat(60_000) }]) {
    const shown = cellText(cell, style, 0);
    assert.ok(shown.length === MAX_LINE && shown.endsWith("…"));
  }
  assert.equal(cellText("x".repeat(MAX_LINE), style, 0), "x".repeat(MAX_LINE));
});

test("a paragraph of a message that is very long is several, with all that was written", () => {
  for (const line of [...SLOW.map((char) => char.repeat(16_000 / char.length)), "words and more of them, ".repeat(680), "\n".repeat(9_000)]) {
    const blocks = parseMarkdown(line);
    const texts = blocks.map((block) => ("spans" in block ? block.spans.map((span) => ("text" in span ? span.text : "")).join("") : ""));
    assert.ok(longest(texts) <= 2_000);
    assert.equal(texts.join("").replaceAll("\n", ""), line.replaceAll("\n", ""));
  }
});

test("a field is not filled with more than it takes", () => {
  const entry = (text: string) => readFormSchema({ properties: { a: { type: "string", default: text } } }).fields.map(firstEntry);
  assert.deepEqual(entry("x".repeat(MAX_TYPED)), [""]);
  assert.deepEqual(entry("x".repeat(100)), ["x".repeat(100)]);
});
