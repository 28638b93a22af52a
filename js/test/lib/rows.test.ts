import assert from "node:assert/strict";
import { test } from "node:test";
import { SortedRows } from "../../src/lib/rows.ts";

/** The same, as simple as can be. */
class SimpleRows {
  rows: [x: number, y: number][] = [];

  constructor(readonly maxRows: number) {}

  add(x: number, y: number): void {
    const behind = this.rows.findIndex(([other]) => other > x);
    this.rows.splice(behind < 0 ? this.rows.length : behind, 0, [x, y]);
    if (this.rows.length > this.maxRows) this.rows.shift();
  }

  dropBefore(x: number): void {
    this.rows = this.rows.filter(([,], i) => (this.rows[i + 1]?.[0] ?? Number.POSITIVE_INFINITY) >= x);
  }

  dropFrom(x: number): void {
    this.rows = this.rows.filter(([other]) => other < x);
  }
}

/** Numbers from 0 to 1, the same in each run. */
function chances(seed: number): () => number {
  return () => ((seed = (seed * 48_271) % 2_147_483_647) - 1) / 2_147_483_646;
}

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

test("late rows that wait are the same as if each had gone to its place", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const chance = chances(seed * 35_791_394);
    const maxRows = Math.ceil(chance() * 400);
    const rows = new SortedRows(1, maxRows);
    const simple = new SimpleRows(maxRows);
    const windowed = chance() < 0.7;
    let now = 0;
    for (let batch = 0; batch < 40; batch++) {
      if (chance() < 0.1) {
        const from = now - chance() * 15;
        rows.dropFrom(from);
        simple.dropFrom(from);
      }
      const count = Math.ceil(chance() * 60);
      const late = chance();
      for (let i = 0; i < count; i++) {
        now += chance() / 4;
        // Whole numbers, so that many are the same.
        const x = Math.floor(chance() < late ? now - chance() * 40 : now);
        rows.add(x, [batch * 1000 + i]);
        simple.add(x, batch * 1000 + i);
        assert.equal(rows.lastX, simple.rows.at(-1)?.[0]);
      }
      if (windowed) {
        rows.dropBefore(rows.lastX - 15);
        simple.dropBefore((simple.rows.at(-1)?.[0] ?? 0) - 15);
      }
      if (chance() < 0.3) continue;
      assert.deepEqual(Array.from({ length: rows.length }, (_, i) => [rows.x(i), rows.y(0, i)]), simple.rows, `seed ${seed}, batch ${batch}`);
    }
  }
});

test("late rows are thinned out with the others, keep their peaks, and are bounded while nobody reads", () => {
  const rows = new SortedRows(2, 1600, "thin");
  for (let i = 0; i < 20_000; i++) {
    rows.add(100_000 + i, [Math.sin(i), i]);
    rows.add(20_000 - i, [i === 777 ? 99 : i === 800 ? -99 : Math.sin(i), -i]);
  }
  assert.ok(rows.length <= 1600);
  assert.deepEqual([rows.x(0), rows.lastX], [1, 119_999]);
  const all = Array.from(rows.ys(0, 0, rows.length));
  assert.deepEqual([Math.max(...all), Math.min(...all)], [99, -99]);
  assert.deepEqual(xsOf(rows), xsOf(rows).sort((a, b) => a - b));
  assert.ok(rows.ys(0, 0, Number.POSITIVE_INFINITY).buffer.byteLength < 100_000);
});

test("a batch of late rows moves what is behind them once, not once for each", () => {
  const rows = new SortedRows(1, 100_000, "thin");
  for (let i = 0; i < 90_000; i++) rows.add(1_000_000 + i, [i]);
  assert.equal(rows.length, 90_000);
  const moved = countMoved(() => {
    for (let i = 0; i < 9_000; i++) rows.add(9_000 - i, [i]);
    assert.equal(rows.length, 99_000);
  });
  assert.ok(moved < 1_000_000, `${moved} numbers were moved`);
});

/** How many numbers are moved within arrays meanwhile. */
function countMoved(work: () => void): number {
  const { copyWithin } = Float64Array.prototype;
  let moved = 0;
  Float64Array.prototype.copyWithin = function (this: Float64Array, target: number, start: number, end = this.length) {
    moved += end - start;
    return copyWithin.call(this, target, start, end);
  };
  try {
    work();
  } finally {
    Float64Array.prototype.copyWithin = copyWithin;
  }
  return moved;
}
