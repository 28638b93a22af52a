import assert from "node:assert/strict";
import { test } from "node:test";
import { ChartData, MAX_LINES } from "../../src/lib/chart_data.ts";

const NOW = 1_700_000_000_000;
const options = { x: "time", y: null, by: null, windowMs: 60_000 };
const names = (data: ChartData) => [...data.groups.keys()];

test("without options the numeric column is drawn by the text column", () => {
  const data = new ChartData(options);
  data.add({ time: [NOW, NOW], symbol: ["A", "B"], price: [1, 2], size: [3, 4] }, true, NOW);
  assert.deepEqual(data.choice, { y: ["price"], by: "symbol", time: true });
  assert.deepEqual(names(data), ["A", "B"]);
});

test("without options and without text all numeric columns are drawn", () => {
  const data = new ChartData(options);
  data.add({ time: [NOW], cpu: [1], memory: [2] }, true, NOW);
  assert.deepEqual(data.choice?.y, ["cpu", "memory"]);
  assert.equal(data.choice?.by, null);
});

test("a missing column is named, with those that are there", () => {
  const data = new ChartData({ ...options, y: ["bid"] });
  data.add({ time: [NOW], price: [1] }, true, NOW);
  assert.equal(data.fault, "no column 'bid'; columns are time, price");
  data.add({ price: [1] }, true, NOW);
  assert.equal(data.fault, "no column 'time'; columns are price");
});

test("null, text and infinity leave a gap; a row without x is left out", () => {
  const data = new ChartData({ ...options, y: ["v"] });
  data.add({ time: [NOW, NOW + 1, null, NOW + 3], v: [1, null, 2, "x"] }, true, NOW);
  const rows = data.groups.get("")?.rows;
  assert.equal(rows?.length, 3);
  assert.ok(Number.isNaN(rows?.y(0, 1)) && Number.isNaN(rows?.y(0, 2)));
});

test("an empty first batch with reset clears what was there", () => {
  const data = new ChartData(options);
  data.add({ time: [NOW], v: [1] }, true, NOW);
  data.add({}, true, NOW);
  assert.equal(data.groups.size, 0);
  assert.equal(data.range(NOW), null);
});

test("the window moves on with the publisher's clock when no data comes", () => {
  const data = new ChartData({ ...options, y: ["v"] });
  // The publisher's clock is an hour behind, and 40 ms away.
  const behind = 3_600_040;
  data.add({ time: [NOW - behind - 1000], v: [1] }, true, NOW);
  data.add({ time: [NOW - behind], v: [1] }, false, NOW);
  assert.deepEqual(data.range(NOW + 5000), [NOW - behind + 5000 - 60_000, NOW - behind + 5000]);
});

test("an old recording that never was live stands still at its end", () => {
  const data = new ChartData({ ...options, y: ["v"] });
  data.add({ time: [1000, 50_000], v: [1, 2] }, true, NOW);
  assert.deepEqual(data.range(NOW), [50_000 - 60_000, 50_000]);
  assert.deepEqual(data.range(NOW + 9000), [50_000 - 60_000, 50_000]);
});

test("fresh history before the first live batch ends at the page's now", () => {
  const data = new ChartData({ ...options, y: ["v"] });
  data.add({ time: [NOW - 3000], v: [1] }, true, NOW);
  assert.deepEqual(data.range(NOW), [NOW - 60_000, NOW]);
});

test("groups beyond what can be told apart are counted, not drawn", () => {
  const data = new ChartData({ ...options, y: ["v"], by: "g" });
  const all = Array.from({ length: MAX_LINES + 5 }, (_, i) => `g${i}`);
  data.add({ time: all.map(() => NOW), g: all, v: all.map(() => 1) }, true, NOW);
  assert.equal(data.groups.size, MAX_LINES);
  assert.equal(data.unshown, 5);
});

test("several columns by group share the number of lines", () => {
  const data = new ChartData({ ...options, y: ["a", "b", "c", "d", "e"], by: "g" });
  const ones = [1, 1, 1];
  data.add({ time: [NOW, NOW, NOW], g: ["x", "y", "z"], a: ones, b: ones, c: ones, d: ones, e: ones }, true, NOW);
  assert.equal(data.groups.size, 2);
  assert.equal(data.unshown, 1);
});

test("a group that left the window frees its colour for the next", () => {
  const data = new ChartData({ ...options, y: ["v"], by: "g" });
  data.add({ time: [NOW, NOW], g: ["old", "stays"], v: [1, 1] }, true, NOW);
  const slot = data.groups.get("old")?.slot;
  data.add({ time: [NOW + 61_000], g: ["stays"], v: [1] }, false, NOW + 61_000);
  assert.deepEqual(names(data), ["stays"]);
  data.add({ time: [NOW + 61_001], g: ["new"], v: [1] }, false, NOW + 61_001);
  assert.equal(data.groups.get("new")?.slot, slot);
});

test("without a time axis everything that is kept is in range", () => {
  const data = new ChartData({ x: "n", y: ["v"], by: null, windowMs: 60_000 });
  data.add({ n: [3, 1, 2], v: [1, 2, 3] }, true, NOW);
  assert.equal(data.choice?.time, false);
  assert.deepEqual(data.range(NOW), [1, 3]);
});

test("times as text are times", () => {
  const data = new ChartData({ ...options, y: ["v"] });
  data.add({ time: ["2026-11-23T10:00:00Z"], v: [1] }, true, Date.UTC(2026, 10, 23, 10));
  assert.equal(data.groups.get("")?.rows.x(0), Date.UTC(2026, 10, 23, 10));
});

test("a first batch of nulls leaves the choice of columns to the next", () => {
  const data = new ChartData(options);
  data.add({ time: [NOW], v: [null] }, true, NOW);
  assert.equal(data.fault, "no numeric column to draw; columns are time, v");
  data.add({ time: [NOW + 1], v: [5] }, false, NOW + 1);
  assert.deepEqual(data.choice?.y, ["v"]);
  assert.equal(data.fault, "");
});

test("a recording that is played again begins anew", () => {
  const data = new ChartData({ ...options, y: ["v"] });
  data.add({ time: [NOW - 1000, NOW], v: [1, 2] }, true, NOW);
  data.add({ time: [NOW + 500_000], v: [3] }, false, NOW);
  data.add({ time: [NOW - 500], v: [4] }, false, NOW + 1);
  const rows = data.groups.get("")?.rows;
  assert.equal(rows?.lastX, NOW - 500);
  assert.equal(data.range(NOW + 1)?.[1], NOW - 500);
});

test("rows that are late by less than the window are put in their place", () => {
  const data = new ChartData({ ...options, y: ["v"] });
  data.add({ time: [NOW], v: [1] }, true, NOW);
  data.add({ time: [NOW - 50_000], v: [2] }, false, NOW);
  assert.equal(data.groups.get("")?.rows.lastX, NOW);
});

test("a chosen column of text is said", () => {
  const data = new ChartData({ ...options, y: ["city"] });
  data.add({ time: [NOW], city: ["Oslo"] }, true, NOW);
  assert.equal(data.fault, "column 'city' holds text, not numbers");
});

test("a long pause of a steady flow breaks the line, a slow flow does not", () => {
  const breaks = (steps: number[]) => {
    const data = new ChartData({ ...options, y: ["v"], windowMs: null });
    let time = NOW;
    data.add({ time: [NOW, ...steps.map((step) => (time += step))], v: Array(steps.length + 1).fill(1) }, true, NOW);
    const rows = data.groups.get("")?.rows;
    return Array.from({ length: rows?.length ?? 0 }, (_, i) => rows?.y(0, i)).filter(Number.isNaN).length;
  };
  const second = Array<number>(8).fill(1000);
  assert.equal(breaks([...second, 30_000, ...second]), 1);
  assert.equal(breaks([...second, 8_000, ...second]), 0);
  assert.equal(breaks(Array<number>(8).fill(10).concat(3_000)), 0);
  assert.equal(breaks(Array<number>(8).fill(60_000)), 0);
});

test("a time that no calendar has, and a number too far to draw at, are left out and said", () => {
  const data = new ChartData({ ...options, y: ["v"] });
  data.add({ time: [NOW, 1e30, NOW + 1], v: [1, 2, 3] }, true, NOW);
  assert.equal(data.groups.get("")?.rows.length, 2);
  assert.equal(data.fault, "column 'time' holds 1e+30, which is no time; such rows are left out");
  data.add({ time: [NOW + 2, null], v: [1, 2] }, false, NOW);
  assert.equal(data.fault, "");
  const numbers = new ChartData({ ...options, x: "x", y: ["v"] });
  numbers.add({ x: [1, -1e308], v: [1, 2] }, true, NOW);
  assert.equal(numbers.fault, "column 'x' holds -1e+308, which is no number to draw at; such rows are left out");
  numbers.add({ x: [1e308], v: [1] }, true, NOW);
  assert.equal(numbers.fault, "column 'x' holds no number or time");
});

test("a group may be called by any JSON", () => {
  const data = new ChartData({ ...options, y: ["v"], by: "g" });
  data.add({ time: Array(6).fill(NOW), v: Array(6).fill(1), g: [{ toString: 1 }, [1], 1, true, null, "ann"] }, true, NOW);
  assert.deepEqual(names(data), ['{"toString":1}', "[1]", "1", "true", "none", "ann"]);
});

test("a chart of very many lines keeps fewer rows of each", () => {
  const kept = (lines: number) => {
    const y = Array.from({ length: lines }, (_, i) => `y${i}`);
    const data = new ChartData({ ...options, y });
    data.add({ time: [NOW], ...Object.fromEntries(y.map((name) => [name, [1]])) }, true, NOW);
    return data.groups.get("")?.rows.maxRows;
  };
  assert.deepEqual([1, 12, 120].map(kept), [100_000, 100_000, 10_000]);
});
