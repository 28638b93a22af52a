import assert from "node:assert/strict";
import { test } from "node:test";
import { parametersOf, plainSlash, readArguments, signatureOf, splitCommand } from "../../src/lib/command_line.ts";

const SCHEMA = {
  properties: {
    symbol: { type: "string" },
    count: { type: "integer" },
    rate: { type: "number" },
    force: { type: "boolean" },
    side: { enum: ["buy", "sell", 3] },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
    tags: { type: "array", items: { type: "integer" } },
    any: {},
  },
  required: ["symbol"],
};
const args = (line: string, schema: unknown = SCHEMA) => {
  const reading = readArguments(line, schema);
  assert.ok("args" in reading, "fault" in reading ? reading.fault : "");
  return { ...reading.args };
};
const fault = (line: string, schema: unknown = SCHEMA) => {
  const reading = readArguments(line, schema);
  assert.ok("fault" in reading);
  return reading.fault;
};

test("a line that begins with a slash names a command, two slashes are a text", () => {
  assert.deepEqual(splitCommand("/halt ACME  now"), { name: "halt", rest: "ACME  now" });
  assert.deepEqual(splitCommand("/halt"), { name: "halt", rest: "" });
  for (const text of ["halt", "//halt", "/ halt", "a /halt", "/"]) assert.equal(splitCommand(text), null);
  assert.deepEqual([plainSlash("//halt"), plainSlash("/halt"), plainSlash("a//b")], ["/halt", "/halt", "a//b"]);
});

test("arguments by place and by name, as their types want them", () => {
  assert.deepEqual(args("ACME 3 1.5 yes sell"), { symbol: "ACME", count: 3, rate: 1.5, force: true, side: "sell" });
  assert.deepEqual(args('symbol="two words" side=3 note=none tags=1,2,3'), { symbol: "two words", side: 3, note: null, tags: [1, 2, 3] });
  assert.deepEqual(args("count=4 ACME any='it\\'s \"x\"'"), { count: 4, symbol: "ACME", any: `it's "x"` });
  assert.deepEqual(args(`A"B C"D tags=`), { symbol: "AB CD", tags: [] });
  assert.deepEqual(args('"x=1"'), { symbol: "x=1" });
  assert.deepEqual(args("", {}), {});
});

test("what does not fit is said with what would", () => {
  assert.equal(fault(""), "argument 'symbol' is missing; it takes symbol [count] [rate] [force] [side] [note] [tags] [any]");
  assert.equal(fault("ACME x"), "argument 'count' must be a whole number, not 'x'");
  assert.equal(fault("ACME side=hold"), "argument 'side' must be one of buy, sell, 3, not 'hold'");
  assert.equal(fault("ACME force=maybe"), "argument 'force' must be yes or no, not 'maybe'");
  assert.match(fault("ACME colour=red"), /^there is no argument 'colour'; it takes symbol/);
  assert.equal(fault("a b", { properties: { a: { type: "string" } } }), "'b' is one argument too many; it takes [a]");
  assert.equal(fault("a", {}), "'a' is one argument too many; it takes none");
  assert.equal(fault("symbol=A symbol=B"), "argument 'symbol' is there twice");
  assert.equal(fault('ACME "open'), "a quotation mark is not closed");
});

test("schemas and names from outside do no harm", () => {
  for (const schema of [null, 3, [], { properties: 4 }, { properties: { a: 1 }, required: 2 }]) assert.doesNotThrow(() => readArguments("a", schema));
  const own = JSON.parse('{"properties": {"__proto__": {"type": "string"}, "constructor": {"type": "string"}}}') as object;
  const reading = readArguments("__proto__=x constructor=y", own);
  assert.ok("args" in reading);
  assert.equal(JSON.stringify(reading.args), '{"__proto__":"x","constructor":"y"}');
  assert.equal(({} as { x?: unknown }).x, undefined);
  assert.deepEqual(parametersOf(own).map(({ name }) => name), ["__proto__", "constructor"]);
  assert.equal(signatureOf(SCHEMA).split(" ").length, 8);
});

test("choices and types that are no text are shown as JSON", () => {
  const odd = { toString: 1, valueOf: 1 };
  assert.deepEqual(readArguments("x", { properties: { a: { enum: [odd] } } }), { fault: `argument 'a' must be one of {"toString":1,"valueOf":1}, not 'x'` });
  assert.deepEqual(readArguments("x", { properties: { a: { type: [odd] } } }), { fault: `argument 'a' must be {"toString":1,"valueOf":1}, not 'x'` });
  assert.deepEqual(readArguments("x", { properties: { a: { type: "constructor" } } }), { fault: "argument 'a' must be constructor, not 'x'" });
  assert.deepEqual(readArguments("true", { properties: { a: { enum: [true, null] } } }), { args: Object.assign(Object.create(null), { a: true }) });
});
