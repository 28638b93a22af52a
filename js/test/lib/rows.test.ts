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

test("rows that are too many are thinned out from the oldest on, and keep their peaks", () => {
  const rows = new SortedRows(2, 1600, "thin");
  for (let i = 0; i < 50_000; i++) rows.add(i, [i === 1234 ? 99 : i === 1240 ? -99 : Math.sin(i), i]);
  assert.ok(rows.length <= 1600);
  assert.equal(rows.x(0), 0);
  assert.equal(rows.lastX, 49_999);
  const all = (column: number) => Array.from({ length: rows.length }, (_, i) => rows.y(column, i));
  assert.deepEqual([Math.max(...all(0)), Math.min(...all(0))], [99, -99]);
  assert.ok(all(0).indexOf(99) < all(0).indexOf(-99));
  for (let i = 1; i < rows.length; i++) assert.ok(rows.x(i) >= rows.x(i - 1) && rows.y(1, i) >= rows.y(1, i - 1));
  // The newest are as they came, and no part of the time is left out.
  for (let i = 0; i < 300; i++) assert.deepEqual([rows.x(rows.length - 1 - i), rows.y(1, rows.length - 1 - i)], [49_999 - i, 49_999 - i]);
  for (let i = 1; i < rows.length; i++) assert.ok(rows.x(i) - rows.x(i - 1) < 50_000 / 50);
});

test("a bucket of missing values stays missing when rows are thinned out, a mixed one does not", () => {
  const rows = new SortedRows(1, 160, "thin");
  for (let i = 0; i < 400; i++) rows.add(i, [i >= 40 && i < 120 ? Number.NaN : i % 2 ? 5 : Number.NaN]);
  const seen = Array.from({ length: rows.length }, (_, i): [number, number] => [rows.x(i), rows.y(0, i)]);
  assert.ok(seen.some(([x, y]) => x > 60 && x < 100 && Number.isNaN(y)));
  assert.ok(seen.filter(([x]) => x < 30).every(([, y]) => y === 5));
});

test("rows of one x only can't be thinned out: the oldest go", () => {
  const rows = new SortedRows(1, 20, "thin");
  for (let i = 0; i < 100; i++) rows.add(7, [i]);
  assert.deepEqual([rows.length, rows.y(0, 0), rows.y(0, 19)], [20, 80, 99]);
});

test("rows that are nearly of one x are thinned out, too", () => {
  const rows = new SortedRows(1, 1000, "thin");
  let longest = 0;
  for (let i = 0; i < 2000; i++) {
    rows.add(i < 1000 ? 9e16 : 90000000000000032, [i]);
    longest = Math.max(longest, rows.length);
  }
  assert.ok(longest <= 1000);
  // A row that is thinned out at each addition costs as much as all of them.
  assert.ok(rows.length < 1000);
});
