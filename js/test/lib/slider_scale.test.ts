import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultStep, fraction, keyMove, snap } from "../../src/lib/slider_scale.ts";

test("the default step is a round number", () => {
  assert.deepEqual([defaultStep(0, 500), defaultStep(0, 1), defaultStep(0.1, 5), defaultStep(0, 10)], [1, 0.01, 0.05, 0.1]);
});

test("values snap to the scale without noise, and stay inside", () => {
  const scale = { min: 0.1, max: 5, step: 0.1 };
  assert.equal(snap(0.34, scale), 0.3);
  assert.equal(snap(-9, scale), 0.1);
  assert.equal(snap(99, scale), 5);
});

test("a fraction stays between its ends", () => {
  const scale = { min: 10, max: 20, step: 1 };
  assert.deepEqual([5, 15, 99].map((value) => fraction(value, scale)), [0, 0.5, 1]);
});

test("keys move as in every slider", () => {
  const scale = { min: 0, max: 100, step: 1 };
  const moves = ["ArrowLeft", "ArrowUp", "PageDown", "PageUp", "Home", "End", "a"].map((key) => keyMove(key, 50, scale));
  assert.deepEqual(moves, [49, 51, 40, 60, 0, 100, null]);
});

test("ends that are no scale give a step all the same", () => {
  for (const [min, max] of [[5, 5], [9, 1], [-1e308, 1e308]] as const) assert.equal(defaultStep(min, max), 1);
});
