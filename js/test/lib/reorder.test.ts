import assert from "node:assert/strict";
import { test } from "node:test";
import { staying } from "../../src/lib/reorder.ts";

test("as many as can be stay where they are", () => {
  assert.deepEqual([...staying(["a", "b", "c", "d"], ["a", "c", "d", "b"])], ["a", "c", "d"]);
  assert.deepEqual([...staying(["a", "b", "c"], ["a", "b", "c"])], ["a", "b", "c"]);
  assert.equal(staying(["a", "b", "c"], ["c", "b", "a"]).size, 1);
  assert.deepEqual([...staying(["a", "gone", "b"], ["b", "a"])].length, 1);
  assert.deepEqual([...staying([], [])], []);
});
