import assert from "node:assert/strict";
import { test } from "node:test";
import { nextReading } from "../../src/lib/chart_reading.ts";
import { SortedRows } from "../../src/lib/rows.ts";

function rows(...xs: number[]): SortedRows {
  const made = new SortedRows(1, 10_000);
  for (const x of xs) made.add(x, [x]);
  return made;
}

test("arrow keys go from value to value of any line, and stop at the ends of what is in sight", () => {
  const lines = [rows(10, 30, 50), rows(20, 40)];
  const read = (key: string, from: number | null) => nextReading(key, lines, from, [0, 100], 1);
  assert.equal(read("ArrowLeft", null), 50, "the newest first");
  assert.deepEqual([read("ArrowLeft", 50), read("ArrowLeft", 40), read("ArrowLeft", 20), read("ArrowLeft", 10)], [40, 30, 10, 10]);
  assert.deepEqual([read("ArrowRight", 10), read("ArrowRight", 40), read("ArrowRight", 50)], [20, 50, 50]);
  assert.deepEqual([read("Home", 40), read("End", 10)], [10, 50]);
});

test("values closer than the eye sees are passed over, and a page key goes further", () => {
  const dense = [rows(...Array.from({ length: 1000 }, (_, i) => i))];
  const read = (key: string, from: number) => nextReading(key, dense, from, [0, 999], 2);
  assert.deepEqual([read("ArrowRight", 100), read("ArrowLeft", 100), read("PageUp", 100), read("PageDown", 300)], [108, 92, 260, 140]);
});

test("what is out of sight is not read, and where there is nothing nothing is", () => {
  assert.equal(nextReading("Home", [rows(10, 30, 50)], null, [20, 100], 1), 30);
  assert.equal(nextReading("ArrowLeft", [rows(10, 30, 50)], 30, [20, 100], 1), 30);
  assert.equal(nextReading("ArrowLeft", [rows(10)], null, [20, 100], 1), null);
  assert.equal(nextReading("ArrowLeft", [], null, [0, 1], 1), null);
});
