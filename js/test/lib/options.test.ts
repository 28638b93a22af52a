import assert from "node:assert/strict";
import { test } from "node:test";
import { choices } from "../../src/lib/choices.ts";
import { formatNumber, formatStyled } from "../../src/lib/format.ts";
import { digits, flag, height, maxHz, number, numberOrNull, oneOf, readSpec, text, step, textsOrNull, timeoutMs, windowMs, type BadSpec, type Reader, type Spec } from "../../src/lib/options.ts";

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

const NUMBERS: readonly [string, Reader<number | null>, readonly number[], readonly number[]][] = [
  ["digits", digits(), [0, 10], [-1, 11, 1000, 1.5]],
  ["height", height(300), [60, 4000], [0, 59, -5, 4001, 1e9]],
  ["window_ms", windowMs(), [100, 1e12], [0, 99, -1, 1e300]],
  ["max_hz", maxHz(), [0.01, 1000], [0, -1, 1001]],
  ["timeout_ms", timeoutMs(30_000), [1, 3_600_000], [0, -1, 2 ** 31]],
  ["step", step(numberOrNull()), [1e-9, 1e9], [0, -1]],
];

for (const [name, read, good, bad] of NUMBERS) {
  test(`${name} has the bounds of Python, and what is beyond is said and not used`, () => {
    const used = (given: unknown) => readSpec(spec({ it: given }), "chart", ["data"], { it: read });
    for (const value of good) {
      const { options, problems } = assertSpec(used(value));
      assert.deepEqual([options.it, problems], [value, []]);
    }
    for (const value of [...bad, Number.NaN, Number.POSITIVE_INFINITY, JSON.parse("1e999"), "7", [], true]) {
      const { options, problems } = assertSpec(used(value));
      assert.equal(options.it, read(undefined), `${name} ${value}`);
      assert.match(problems.join(), /^option 'it' must be /);
      // What is used never makes a number's text throw.
      formatNumber(1.5, name === "digits" ? (options.it ?? null) : null);
      formatStyled(1500.5, "compact", name === "digits" ? (options.it ?? null) : null);
    }
  });
}

test("of long lists the first items are shown, and how many there are is said", () => {
  const names = Array.from({ length: 300 }, (_, i) => `c${i}`);
  const many = Array.from({ length: 700 }, (_, i) => ({ label: `l${i}`, value: i }));
  const { options, problems } = assertSpec(readSpec(spec({ y: names, choices: many }), "chart", ["data"], { y: textsOrNull(), choices: choices() }));
  assert.deepEqual([options.y, options.choices], [names.slice(0, 256), many.slice(0, 500)]);
  assert.deepEqual(problems, ["option 'y' has 300 items; the first 256 are shown", "option 'choices' has 700 items; the first 500 are shown"]);
});

function assertSpec<T>(read: Spec<T> | BadSpec): Spec<T> {
  assert.ok(!("fault" in read));
  return read;
}
