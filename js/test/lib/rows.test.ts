import assert from "node:assert/strict";
import { test } from "node:test";
import { SortedRows } from "../../src/lib/rows.ts";

const xsOf = (rows: SortedRows) => Array.from({ length: rows.length }, (_, i) => rows.x(i));

test("rows come out in the order of x, however they came in", () => {
  const rows = new SortedRows(1, 1000);
  for (const x of [5, 1, 3, 2, 4, 3]) rows.add(x, [x * 10]);
  assert.deepEqual(xsOf(rows), [1, 2, 3, 3, 4, 5]);
  assert.equal(rows.y(0, 4), 40);
});

test("rows slide along without growing, and the oldest go", () => {
  const rows = new SortedRows(2, 300);
  for (let x = 0; x < 10_000; x++) rows.add(x, [x, -x]);
  assert.equal(rows.length, 300);
  assert.equal(rows.x(0), 9700);
  assert.equal(rows.y(1, 299), -9999);
});

test("dropBefore keeps the one row that the line comes from", () => {
  const rows = new SortedRows(1, 1000);
  for (let x = 0; x < 10; x++) rows.add(x, [x]);
  rows.dropBefore(4);
  assert.deepEqual(xsOf(rows), [3, 4, 5, 6, 7, 8, 9]);
  rows.dropBefore(100);
  assert.deepEqual(xsOf(rows), [9]);
});

test("indexNear finds the nearest row on either side", () => {
  const rows = new SortedRows(1, 1000);
  assert.equal(rows.indexNear(3), -1);
  for (const x of [0, 10, 20]) rows.add(x, [0]);
  assert.deepEqual([-5, 4, 6, 19, 99].map((x) => rows.indexNear(x)), [0, 0, 1, 2, 2]);
});

test("a missing y is NaN", () => {
  const rows = new SortedRows(2, 10);
  rows.add(1, [5]);
  assert.ok(Number.isNaN(rows.y(1, 0)));
});
