import assert from "node:assert/strict";
import { test } from "node:test";
import { ChartData } from "../../src/lib/chart_data.ts";
import { describeChart, lastValues } from "../../src/lib/chart_text.ts";

const NOW = 1_700_000_000_000;

test("a chart is described by its lines, their last values and their range", () => {
  const data = new ChartData({ x: "time", y: ["price"], by: "symbol", windowMs: 300_000 });
  data.add({ time: [NOW - 10, NOW, NOW], symbol: ["A", "A", "B"], price: [3, 1.5, null] }, true, NOW);
  const lines = [...data.groups.values()].map((group) => ({ name: group.name, group, column: 0 }));
  assert.equal(
    describeChart(lines, data, [NOW - 300_000, NOW]),
    "Line chart of price by symbol over the last 5 min. A last 1.5, between 1.5 and 3; B has no values.",
  );
  assert.deepEqual(lastValues(lines), ["1.5", "–"]);
});
