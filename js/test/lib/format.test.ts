import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../../src/lib/format.ts";

test("decimals are those that are needed, of about five digits", () => {
  assert.equal(format.decimalsFor([1, 2, 30]), 0);
  assert.equal(format.decimalsFor([101.234567]), 2);
  assert.equal(format.decimalsFor([0.0123456]), 6);
  assert.equal(format.decimalsFor([0.5]), 1);
  assert.equal(format.decimalsFor([123456.5]), 0);
  assert.equal(format.decimalsFor([]), 0);
});

test("numbers have groups, a real minus and no negative zero", () => {
  assert.equal(format.formatNumber(1234567), "1,234,567");
  assert.equal(format.formatNumber(-2.5), "\u22122.5");
  assert.equal(format.formatNumber(-0.001, 1), "0.0");
  assert.equal(format.formatNumber(0.1 + 0.2), "0.3");
  assert.equal(format.formatNumber(Number.NaN), "NaN");
  assert.equal(format.formatNumber(Number.NEGATIVE_INFINITY), "\u2212\u221e");
  assert.equal(format.formatNumber(1e-9), "1.000e\u22129");
});

test("bytes and compact numbers take a unit that reads well", () => {
  assert.equal(format.formatStyled(512, "bytes"), "512 B");
  assert.equal(format.formatStyled(6.2e9, "bytes"), "5.77 GiB");
  assert.equal(format.formatStyled(1_250_000, "compact"), "1.25M");
  assert.equal(format.formatStyled(-1500, "compact", 1), "\u22121.5k");
  assert.equal(format.formatStyled(12, "compact"), "12");
});

test("ticks of an axis have one form", () => {
  assert.deepEqual(format.formatTicks([0, 0.1, 0.2, 0.1 + 0.2]), ["0", "0.1", "0.2", "0.3"]);
  assert.deepEqual(format.formatTicks([0, 500_000, 1_000_000]), ["0", "0.5M", "1.0M"]);
  assert.deepEqual(format.formatTicks([-1, 0, 1]), ["\u22121", "0", "1"]);
});

test("durations and spans are in one unit", () => {
  assert.deepEqual([210, 9949, 12_000, 180_000, 7_200_000, 200_000_000, -5].map(format.formatDuration), ["0.2 s", "9.9 s", "12 s", "3 min", "2 h", "2 d", "0.0 s"]);
  assert.deepEqual([500, 30_000, 300_000, 5_400_000, 86_400_000].map(format.formatSpan), ["500 ms", "30 s", "5 min", "90 min", "1 d"]);
});

test("cells of any JSON are text", () => {
  assert.deepEqual([null, undefined, true, "a", 1.5, { a: 1 }].map((cell) => format.formatCell(cell)), ["\u2013", "\u2013", "yes", "a", "1.5", '{"a":1}']);
});
