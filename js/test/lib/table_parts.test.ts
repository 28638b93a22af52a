import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key, Row } from "../../src/connection/types.ts";
import { cellText, parseSort, sampleOf, styleOfColumn } from "../../src/lib/column_style.ts";
import { MAX_HEIGHT_PX, reachableRows, rowsInSight } from "../../src/lib/virtual_rows.ts";

const rowsOf = (name: string, cells: unknown[]) => new Map<Key, Row>(cells.map((cell, i) => [i, new Map([[name, cell]])]));

test("a column of numbers has one number of decimals", () => {
  const style = styleOfColumn("v", rowsOf("v", [1.5, 22.25, null]), false);
  assert.equal(style.kind, "number");
  assert.deepEqual([1.5, 22.25].map((cell) => cellText(cell, style, 0)), ["1.50", "22.25"]);
});

test("a mixed column is text; a key is not grouped; milliseconds are a time", () => {
  assert.equal(styleOfColumn("v", rowsOf("v", [1, "a"]), false).kind, "text");
  const key = styleOfColumn("id", rowsOf("id", [123456]), true);
  assert.equal(cellText(123456, key, 0), "123456");
  assert.equal(styleOfColumn("v", rowsOf("v", [null, null]), false).judged, false);
  assert.equal(styleOfColumn("v", rowsOf("v", [null, 1]), false).judged, true);
  // A sample of these misses the only one.
  const sparse = rowsOf("v", Array.from({ length: 1000 }, (_, i) => (i === 1 ? 7.25 : null)));
  assert.equal(styleOfColumn("v", sparse, false).judged, false);
  assert.deepEqual(styleOfColumn("v", sparse, false, 7.25), { kind: "number", decimals: 2, grouped: true, longest: "7.25", judged: true });
  assert.equal(styleOfColumn("at", rowsOf("at", [1_700_000_000_000]), false).kind, "time");
});

test("a sort is a column, with a minus for the largest first", () => {
  assert.deepEqual(parseSort("-id"), { column: "id", descending: true });
  assert.deepEqual(parseSort("id"), { column: "id", descending: false });
  assert.equal(parseSort(""), null);
});

test("only rows in sight and a few around them are drawn", () => {
  assert.deepEqual(rowsInSight(100_000, 28, 28_000, 280), { first: 994, end: 1016 });
  assert.deepEqual(rowsInSight(3, 28, 0, 280), { first: 0, end: 3 });
  assert.deepEqual(rowsInSight(0, 28, 500, 280), { first: 0, end: 0 });
  const scrolledPast = rowsInSight(10, 28, 99_999, 280);
  assert.ok(scrolledPast.first <= scrolledPast.end && scrolledPast.end === 10);
});

test("more rows than an element can be tall are cut", () => {
  assert.equal(reachableRows(100_000, 28), 100_000);
  assert.ok(reachableRows(10_000_000, 28) * 28 <= MAX_HEIGHT_PX);
});

test("of many rows some are looked at, from the first to the last, and once for all columns", () => {
  const rows = rowsOf("v", Array.from({ length: 100_000 }, (_, i) => i));
  const sample = sampleOf(rows);
  const keys = [...sample.keys()];
  assert.ok(sample.size >= 200 && sample.size < 400, String(sample.size));
  assert.deepEqual([keys[0], keys.at(-1)], [[...rows.keys()][0], [...rows.keys()].at(-1)]);
  assert.equal(sampleOf(sample), sample);
});
