import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricData, REDUCTIONS } from "../../src/lib/reduce.ts";

const NOW = 1_700_000_000_000;

test("each reduction over everything", () => {
  const shown = REDUCTIONS.map((reduction) => {
    const data = new MetricData("v", reduction, null);
    data.add({ time: [NOW - 2, NOW - 1, NOW], v: [4, 1, 4] }, true, NOW);
    return data.value(NOW);
  });
  assert.deepEqual(shown, [4, 3, 1, 4, 9, 3]);
});

test("a window forgets what left it, as time passes without data", () => {
  const data = new MetricData("v", "sum", 10_000);
  data.add({ time: [NOW - 9000, NOW], v: [1, 10] }, false, NOW);
  assert.equal(data.value(NOW), 11);
  assert.equal(data.value(NOW + 2000), 10);
  assert.equal(data.value(NOW + 11_000), null);
});

test("null and text count for nothing, and text is said", () => {
  const data = new MetricData("v", "count", null);
  data.add({ time: [NOW, NOW, NOW], v: [null, 2, null] }, true, NOW);
  assert.equal(data.value(NOW), 1);
  data.add({ time: [NOW], v: ["x"] }, false, NOW);
  assert.equal(data.fault, "column 'v' holds text, not numbers");
  data.add({ time: [NOW], w: [1] }, false, NOW);
  assert.equal(data.fault, "no column 'v'; columns are time, w");
});

test("a reset starts over", () => {
  const data = new MetricData("v", "max", null);
  data.add({ time: [NOW], v: [100] }, true, NOW);
  data.add({ time: [NOW], v: [1] }, true, NOW);
  assert.equal(data.value(NOW), 1);
});

test("without a time column rows stand at their arrival", () => {
  const data = new MetricData("v", "last", null);
  data.add({ v: [7] }, false, NOW);
  assert.equal(data.samples.x(0), NOW);
});

test("before compares with the first sample of the span", () => {
  const data = new MetricData("v", "last", null);
  data.add({ time: [NOW - 300_000, NOW - 60_000, NOW], v: [1, 2, 5] }, true, NOW);
  assert.deepEqual(data.before(120_000), { timeMs: NOW - 60_000, value: 2 });
  assert.equal(data.before(10), null);
});

test("a recording that is played again shows its values", () => {
  const data = new MetricData("v", "last", null);
  data.add({ time: [NOW, NOW + 900_000], v: [1, 2] }, true, NOW);
  data.add({ time: [NOW], v: [3] }, false, NOW);
  assert.equal(data.value(NOW), 3);
  assert.equal(data.samples.length, 1);
});
