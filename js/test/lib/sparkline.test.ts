import assert from "node:assert/strict";
import { test } from "node:test";
import { SortedRows } from "../../src/lib/rows.ts";
import { sparkPoints } from "../../src/lib/sparkline.ts";

function rowsOf(values: number[], everyMs = 10): SortedRows {
  const rows = new SortedRows(1, 100_000);
  values.forEach((value, i) => rows.add(i * everyMs, [value]));
  return rows;
}

test("the largest value is at the top, the smallest at the bottom", () => {
  assert.deepEqual(sparkPoints(rowsOf([0, 10, 5]), 1000, 20, 40, "extremes"), [0, 40, 10, 0, 20, 20]);
});

test("many values become a few points per pixel, and a peak stays", () => {
  const values = Array.from({ length: 10_000 }, (_, i) => (i === 5000 ? 100 : i % 2));
  const points = sparkPoints(rowsOf(values), 1e9, 50, 30, "extremes");
  assert.ok(points.length <= 51 * 4);
  assert.ok(points.filter((_, i) => i % 2 === 1).includes(0));
});

test("the mean of a pixel column stands for it", () => {
  const points = sparkPoints(rowsOf(Array.from({ length: 1000 }, (_, i) => i % 2)), 1e9, 10, 30, "mean");
  assert.equal(points.length, 11 * 2);
});

test("a flat line is in the middle, no rows are no points", () => {
  assert.deepEqual(sparkPoints(rowsOf([3, 3]), 1000, 20, 40, "extremes"), [0, 20, 20, 20]);
  assert.deepEqual(sparkPoints(rowsOf([]), 1000, 20, 40, "extremes"), []);
});
