import assert from "node:assert/strict";
import { test } from "node:test";
import { flag, number, oneOf, readSpec, text, textsOrNull } from "../../src/lib/options.ts";

const readers = { title: text("none"), height: number(300), kind: oneOf(["line", "area"], "line"), y: textsOrNull(), on: flag(true) };
const spec = (options: unknown) => ({ kind: "chart", hub: "h", channels: { data: "stream:a" }, options });

test("a good spec gives its options and the defaults of the others", () => {
  const read = readSpec(spec({ height: 200, y: ["a"] }), "chart", ["data"], readers);
  assert.ok(!("fault" in read));
  assert.deepEqual(read.options, { title: "none", height: 200, kind: "line", y: ["a"], on: true });
  assert.equal(read.channels.get("data"), "stream:a");
  assert.deepEqual(read.problems, []);
});

test("an unknown option is named, and the rest is used", () => {
  const read = readSpec(spec({ colour: "red", height: 100 }), "chart", ["data"], readers);
  assert.ok(!("fault" in read));
  assert.match(read.problems[0] ?? "", /option 'colour' is not known; there are title, height/);
  assert.equal(read.options.height, 100);
});

test("an unusable value is said and replaced by the default", () => {
  const read = readSpec(spec({ height: "tall", kind: "pie", y: "a" }), "chart", ["data"], readers);
  assert.ok(!("fault" in read));
  assert.deepEqual(read.problems, [
    "option 'height' must be a finite number, not 'tall'",
    "option 'kind' must be one of line, area, not 'pie'",
    "option 'y' must be a list of names, not 'a'",
  ]);
  assert.equal(read.options.height, 300);
});

test("a name from Object.prototype is neither an option nor a channel", () => {
  const read = readSpec(spec({ toString: 1 }), "chart", ["data"], readers);
  assert.ok(!("fault" in read));
  assert.match(read.problems[0] ?? "", /'toString' is not known/);
  const missing = readSpec({ kind: "chart", hub: "h", channels: {} }, "chart", ["constructor"], readers);
  assert.ok("fault" in missing);
});

test("what can't be shown at all is a fault", () => {
  for (const raw of [null, 7, [], { kind: "gauge", hub: "h" }, { kind: "chart" }, { kind: "chart", hub: "h", channels: {} }]) {
    assert.ok("fault" in readSpec(raw, "chart", ["data"], readers), JSON.stringify(raw));
  }
});
