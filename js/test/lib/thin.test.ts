import assert from "node:assert/strict";
import { test } from "node:test";
import { short, thinned } from "../../src/lib/thin.ts";

test("few rows stay as they are", () => {
  assert.deepEqual(thinned(3, 3, () => 0), [0, 1, 2]);
  assert.deepEqual(thinned(0, 10, () => 0), []);
});

test("of many rows the ends and the extremes of each part stay", () => {
  const ys = Array.from({ length: 1000 }, (_, i) => Math.sin(i / 20));
  ys[333] = 50;
  ys[777] = -50;
  const kept = thinned(ys.length, 40, (i) => ys[i] as number);
  assert.ok(kept.length <= 40 && kept.length > 20);
  for (const index of [0, 333, 777, 999]) assert.ok(kept.includes(index), `${index} is kept`);
  assert.deepEqual(kept, [...new Set(kept)].sort((a, b) => a - b));
});

test("what is missing is no extreme", () => {
  const ys = Array.from({ length: 100 }, (_, i) => (i % 2 ? Number.NaN : i));
  assert.equal(thinned(ys.length, 20, (i) => ys[i] as number).filter((i) => Number.isNaN(ys[i])).length <= 1, true);
});

test("fractions are cut to seven digits", () => {
  assert.deepEqual([0.1 + 0.2, 123456789, -1 / 3, 42, Number.NaN].map(short), [0.3, 123456789, -0.3333333, 42, null]);
});
