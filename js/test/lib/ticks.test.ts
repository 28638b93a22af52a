import assert from "node:assert/strict";
import { test } from "node:test";
import { timeLabels, timeTicks } from "../../src/lib/ticks.ts";

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
