import assert from "node:assert/strict";
import { test } from "node:test";
import { evenTicks, MOST_TICKS, TIME_STEPS_MS, timeLabels, timeTicks } from "../../src/lib/ticks.ts";

const at = (hours: number, minutes = 0, seconds = 0, day = 23) => new Date(2026, 10, day, hours, minutes, seconds).getTime();

test("ticks are at full steps of the reader's clock", () => {
  assert.deepEqual(timeTicks(at(10, 0, 7), at(10, 1, 2), 30_000), [at(10, 0, 30), at(10, 1)]);
  assert.deepEqual(timeTicks(at(1), at(23), 12 * 3_600_000), [at(12)]);
});

test("labels are as precise as the step, and a new day is named", () => {
  assert.deepEqual(timeLabels([at(10, 0, 30)], 30_000, at(12)), ["10:00:30"]);
  assert.deepEqual(timeLabels([at(10, 5)], 300_000, at(12)), ["10:05"]);
  assert.deepEqual(timeLabels([at(23), at(0, 0, 0, 24)], 3_600_000, at(12)), ["23:00", "24 Nov"]);
});

const FINITE = [0, 5e-324, -5e-324, 1e-300, 0.1, 1, -1, 1e9, 2 ** 53, 9e16, 90000000000000032, 1e30, 1e300, -1e300, 1e308, -1e308, Number.MAX_VALUE];

test("ticks end, whatever the numbers are", () => {
  for (const from of FINITE) {
    for (const to of FINITE) {
      for (const step of [...FINITE, ...TIME_STEPS_MS]) {
        for (const ticks of [evenTicks(from, to, step), timeTicks(from, to, step)]) {
          assert.ok(ticks.length <= MOST_TICKS && ticks.every(Number.isFinite), `${from} ${to} ${step}: ${ticks.length} ticks`);
        }
      }
    }
  }
});

test("ticks of numbers are at multiples of the step", () => {
  assert.deepEqual(evenTicks(-0.5, 2.2, 1), [0, 1, 2]);
  assert.deepEqual(evenTicks(3, 2, 1), []);
});
