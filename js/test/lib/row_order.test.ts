import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key, Row } from "../../src/connection/types.ts";
import { cellText } from "../../src/lib/column_style.ts";
import { RowOrder } from "../../src/lib/row_order.ts";

const row = (cells: Record<string, unknown>): Row => new Map(Object.entries(cells));
const table = (values: unknown[]) => new Map<Key, Row>(values.map((v, i) => [i, row({ id: i, v })]));

test("without a sort rows stay in the order they came", () => {
  const rows = table([3, 1, 2]);
  const order = new RowOrder(() => rows, null);
  rows.set(9, row({ id: 9, v: 0 }));
  rows.delete(1);
  order.apply({ reset: false, changed: new Map([[9, new Set(["v"])]]), removed: [1] });
  assert.deepEqual(order.keys, [0, 2, 9]);
});

test("numbers come before text, what is missing last in either direction", () => {
  const rows = table(["b", 2, null, "A", 10, Number.NaN]);
  assert.deepEqual(new RowOrder(() => rows, { column: "v", descending: false }).keys, [1, 4, 3, 0, 2, 5]);
  assert.deepEqual(new RowOrder(() => rows, { column: "v", descending: true }).keys, [0, 3, 4, 1, 2, 5]);
});

test("a change of another column moves nothing", () => {
  const rows = table([3, 1, 2]);
  const order = new RowOrder(() => rows, { column: "v", descending: false });
  const before = order.keys;
  order.apply({ reset: false, changed: new Map([[0, new Set(["other"])]]), removed: [] });
  assert.equal(order.keys, before);
});

test("any sequence of changes leaves the rows sorted, each once", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % below;
  };
  for (const descending of [false, true]) {
    const rows = table(Array.from({ length: 300 }, () => random(100)));
    const order = new RowOrder(() => rows, { column: "v", descending });
    for (let round = 0; round < 200; round++) {
      const changed = new Map<Key, Set<string>>();
      const removed: Key[] = [];
      for (let i = random(8); i >= 0; i--) {
        const key = random(400);
        if (random(4) === 0 && rows.delete(key)) removed.push(key);
        else if (!removed.includes(key)) {
          rows.set(key, row({ id: key, v: random(100) }));
          changed.set(key, new Set(["v"]));
        }
      }
      for (const key of removed) changed.delete(key);
      order.apply({ reset: false, changed, removed });
      assert.deepEqual([...order.keys].sort(), [...rows.keys()].sort());
      const values = order.keys.map((key) => rows.get(key)?.get("v") as number);
      assert.ok(values.every((v, i) => i === 0 || (descending ? v <= (values[i - 1] ?? v) : v >= (values[i - 1] ?? v))), `round ${round}`);
    }
  }
});

test("a hundred changes in 100,000 rows take well under a frame's worth of sorting all", () => {
  const rows = table(Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003));
  const order = new RowOrder(() => rows, { column: "v", descending: false });
  const start = performance.now();
  const changed = new Map<Key, Set<string>>();
  for (let i = 0; i < 100; i++) {
    rows.set(i * 13, row({ id: i * 13, v: -i }));
    changed.set(i * 13, new Set(["v"]));
  }
  order.apply({ reset: false, changed, removed: [] });
  assert.ok(performance.now() - start < 250, "placing a few rows must not sort all");
  assert.equal(order.keys[0], 99 * 13);
});

test("a snapshot that replaces the rows is taken as a whole", () => {
  let rows = table([3, 1]);
  const order = new RowOrder(() => rows, { column: "v", descending: false });
  rows = table([9, 8, 7]);
  order.apply({ reset: true, changed: new Map([...rows.keys()].map((key) => [key, new Set(["v"])])), removed: [] });
  assert.deepEqual(order.keys, [2, 1, 0]);
});

test("lists and objects are read once, however many rows are put in place and drawn", () => {
  let reads = 0;
  class Large {
    toJSON(): unknown {
      reads += 1;
      return [reads];
    }
  }
  const rows = table(Array.from({ length: 64 }, () => new Large()));
  const order = new RowOrder(() => rows, { column: "v", descending: false });
  const changed = new Map<Key, Set<string>>();
  for (let i = 100; i < 1_000; i++) {
    rows.set(i, row({ id: i, v: [i] }));
    changed.set(i, new Set(["id", "v"]));
  }
  order.apply({ reset: false, changed, removed: [] });
  for (const key of order.keys) cellText(rows.get(key)?.get("v"), { kind: "text", decimals: 0, grouped: true }, 0);
  assert.deepEqual([order.keys.length, reads], [964, 64]);
});

test("of a text in a cell as much is shown as can be seen", () => {
  const style = { kind: "text", decimals: 0, grouped: true } as const;
  for (const cell of ["x".repeat(60_000), Array.from({ length: 20_000 }, () => [])]) assert.equal(cellText(cell, style, 0).length, 500);
});
