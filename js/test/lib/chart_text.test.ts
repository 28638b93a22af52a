import assert from "node:assert/strict";
import { test } from "node:test";
import { ChartData } from "../../src/lib/chart_data.ts";
import { describeChart, lastValues } from "../../src/lib/chart_text.ts";

const NOW = 1_700_000_000_000;

test("a chart is described by its name and its lines, their last values, where they went and their range", () => {
  const data = new ChartData({ x: "time", y: ["price"], by: "symbol", windowMs: 300_000 });
  data.add({ time: [NOW - 10, NOW, NOW], symbol: ["A", "A", "B"], price: [3, 1.5, null] }, true, NOW);
  const lines = [...data.groups.values()].map((group) => ({ name: group.name, group, column: 0 }));
  assert.equal(
    describeChart("Prices", lines, data, [NOW - 300_000, NOW]),
    "Prices: line chart of price by symbol over the last 5 min. A last 1.5, down 1.5, between 1.5 and 3.0; B has no values.",
  );
  assert.deepEqual(lastValues(lines), ["1.5", "–"]);
});

test("a line that ends where it began is unchanged, and the window says where it begins", () => {
  const data = new ChartData({ x: "time", y: ["price"], by: null, windowMs: 60_000 });
  data.add({ time: [NOW - 90_000, NOW - 50_000, NOW - 100, NOW], price: [90, 10, 12, 10] }, true, NOW);
  const lines = [...data.groups.values()].map((group) => ({ name: "price", group, column: 0 }));
  assert.equal(
    describeChart("Price", lines, data, [NOW - 60_000, NOW]),
    "Price: line chart of price over the last 1 min. price last 10, unchanged, between 10 and 12.",
  );
});
