import assert from "node:assert/strict";
import { test } from "node:test";
import { ChartData, type Group } from "../../src/lib/chart_data.ts";
import { plotRows, type Line } from "../../src/lib/decimate.ts";
import { Pauses } from "../../src/lib/pauses.ts";
import { SortedRows } from "../../src/lib/rows.ts";

function group(points: [x: number, y: number][], slot = 0): Group {
  const rows = new SortedRows(1, 1_000_000);
  for (const [x, y] of points) rows.add(x, [y]);
  return { name: String(slot), slot, rows, pauses: new Pauses() };
}

const numbers = (line: Line | undefined) => (line ?? []).filter((y): y is number => typeof y === "number");

test("few rows are drawn where they are, with no break where only another line has a point", () => {
  const { xs, lines } = plotRows([group([[0, 1], [10, 2]]), group([[5, 7], [10, 8]], 1)], 1, 0, 10, 100);
  assert.deepEqual(xs, [0, 5, 10]);
  assert.deepEqual(lines[0], [1, undefined, 2]);
  assert.deepEqual(lines[1], [undefined, 7, 8]);
});

test("a missing value breaks its line, also across the points of others", () => {
  const broken = group([[0, 1], [2, Number.NaN], [4, Number.NaN], [6, 3]]);
  const { lines } = plotRows([broken, group([[3, 1], [5, 1]], 1)], 1, 0, 6, 100);
  assert.deepEqual(lines[0], [1, null, null, null, null, 3]);
});

test("many rows become at most two points per half pixel and keep every peak", () => {
  const points = Array.from({ length: 50_000 }, (_, i): [number, number] => [i, i === 31_337 ? 999 : Math.sin(i / 500)]);
  const { xs, lines } = plotRows([group(points)], 1, 0, 50_000, 400);
  assert.ok(xs.length <= 400 * 2 * 2 + 8, `${xs.length} points`);
  assert.equal(Math.max(...numbers(lines[0])), 999);
  assert.ok(Math.abs(Math.min(...numbers(lines[0])) + 1) < 1e-6);
  assert.ok(xs.every((x, i) => i === 0 || x > (xs[i - 1] as number)));
});

test("buckets stay with their rows while the window moves", () => {
  const points = Array.from({ length: 20_000 }, (_, i): [number, number] => [i, (i * 7919) % 1000]);
  const one = plotRows([group(points)], 1, 1000, 19_000, 300);
  const two = plotRows([group(points)], 1, 1030, 19_030, 300);
  const at = new Map(one.xs.map((x, i) => [x, one.lines[0]?.[i]]));
  const inner = two.xs.map((x, i): [number, unknown] => [x, two.lines[0]?.[i]]).filter(([x]) => x > 1200 && x < 18_800);
  assert.ok(inner.length > 300);
  for (const [x, y] of inner) assert.equal(y, at.get(x));
});

test("a bucket of missing values is a break", () => {
  const points = Array.from({ length: 10_000 }, (_, i): [number, number] => [i, i > 4000 && i < 6000 ? Number.NaN : 1]);
  const { xs, lines } = plotRows([group(points)], 1, 0, 10_000, 100);
  const middle = xs.findIndex((x) => x > 5000);
  assert.equal(lines[0]?.[middle], null);
});

test("rows outside are left out but for the one on either side", () => {
  const points = Array.from({ length: 100 }, (_, i): [number, number] => [i, i]);
  const { xs } = plotRows([group(points)], 1, 40, 50, 1000);
  assert.deepEqual([xs[0], xs.at(-1)], [39, 51]);
});

/** Doubles of any bits, the same ones each time. */
function anyDoubles(count: number): number[] {
  let state = 12345;
  const bits = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  const view = new DataView(new ArrayBuffer(8));
  return Array.from({ length: count }, () => {
    view.setUint32(0, bits());
    view.setUint32(4, bits());
    return view.getFloat64(0);
  });
}

test("any numbers become finite points, few and in order, and stay in sight", () => {
  const columns: number[][] = [
    Array(5000).fill(1e30),
    [...Array(4999).fill(0), 5e-324],
    [...Array(4999).fill(9e16), 90000000000000032],
    [...Array(4999).fill(2 ** 53), 2 ** 53 + 2],
    [...Array(2500).fill(-1e308), ...Array(2500).fill(1e308)],
    [...Array(2500).fill(-1e300), ...Array(2500).fill(1e300)],
    Array(5000).fill(Number.MAX_VALUE),
    anyDoubles(5000),
    anyDoubles(5000).map((x) => 1e15 + (x % 3 || 0)),
    [1e308, 5e-324, -5e-324],
    [90000000000000000, 90000000000000032],
  ];
  for (const [i, x] of columns.entries()) {
    for (const name of ["x", "time"]) {
      for (const windowMs of [null, 1, 300_000]) {
        const data = new ChartData({ x: name, y: ["v"], by: null, windowMs });
        data.add({ [name]: x, v: x }, false, 1e12);
        const range = data.range(1e12);
        if (!range) continue;
        const [from, to] = range;
        for (const px of [1, 40, 4000]) {
          const { xs, lines } = plotRows([...data.groups.values()], 1, from, to, px);
          const what = `column ${i} as ${name}, window ${windowMs}, ${px} px, ${from} to ${to}`;
          assert.ok(Number.isFinite(to - from) && to > from, what);
          assert.ok(xs.length <= px * 4 + 12, `${what}: ${xs.length} points`);
          assert.ok(xs.every((at, k) => Number.isFinite(at) && (k === 0 || at > (xs[k - 1] as number))), what);
          assert.ok(lines.every((line) => line.length <= xs.length && line.every((y) => y === null || y === undefined || Number.isFinite(y))), what);
        }
      }
    }
  }
});

test("a grid is never divided by nothing, even between two ends that are one", () => {
  const points = Array.from({ length: 100 }, (_, i): [number, number] => [1e30, i]);
  const { xs, lines } = plotRows([group(points)], 1, 1e30, 1e30, 10);
  assert.ok(xs.length < 60);
  assert.deepEqual([Math.min(...numbers(lines[0])), Math.max(...numbers(lines[0]))], [0, 99]);
});
