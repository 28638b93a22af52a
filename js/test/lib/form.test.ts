import assert from "node:assert/strict";
import { test } from "node:test";
import { readEntry, readForm } from "../../src/lib/form_entries.ts";
import { firstEntry, readFormSchema, type Entry, type Field } from "../../src/lib/form_fields.ts";

const SCHEMA = {
  type: "object",
  description: "At every venue.",
  properties: {
    symbol: { type: "string", description: "Its ticker." },
    max_rows: { type: "integer", minimum: 1, maximum: 10 },
    share: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1, default: 0.5 },
    side: { enum: ["buy", "sell"], default: "sell" },
    hard: { type: "boolean", default: true },
    soft: { anyOf: [{ type: "boolean" }, { type: "null" }], default: null },
    note: { anyOf: [{ type: "string", maxLength: 5 }, { type: "null" }], default: null },
    levels: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 3 },
    day: { type: "string", format: "date" },
    at: { type: "string", format: "time", default: "09:30:00" },
    when: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }], default: null },
    either: { anyOf: [{ type: "string" }, { type: "integer" }] },
    nested: { type: "array", items: { type: "array" } },
  },
  required: ["symbol", "max_rows", "levels", "day", "either", "nested"],
};
const { fields, help } = readFormSchema(SCHEMA);
const field = (name: string): Field => fields.find((one) => one.name === name) ?? assert.fail(name);
const fault = (name: string, entry: Entry): string => {
  const reading = readEntry(field(name), entry);
  return reading !== null && "fault" in reading ? reading.fault : "";
};
const value = (name: string, entry: Entry): unknown => {
  const reading = readEntry(field(name), entry);
  if (reading === null) return undefined;
  return "value" in reading ? reading.value : assert.fail(reading.fault);
};

test("each type has a control of its own", () => {
  assert.equal(help, "At every venue.");
  assert.deepEqual(
    fields.map(({ name, control }) => `${name}: ${control}`),
    [
      "symbol: text",
      "max_rows: integer",
      "share: number",
      "side: choice",
      "hard: checkbox",
      "soft: choice",
      "note: text",
      "levels: list",
      "day: date",
      "at: time",
      "when: datetime",
      "either: json",
      "nested: json",
    ],
  );
  assert.deepEqual([field("max_rows").label, field("symbol").help, field("symbol").required, field("hard").required], ["Max rows", "Its ticker.", true, false]);
});

test("a field starts with the default", () => {
  assert.deepEqual(
    ["symbol", "share", "side", "hard", "soft", "note", "at", "when"].map((name) => firstEntry(field(name))),
    ["", "0.5", "1", true, "", "", "09:30:00", ""],
  );
});

test("entries become arguments of their type", () => {
  assert.deepEqual(
    [value("symbol", " A "), value("max_rows", "7"), value("share", ".25"), value("side", "0"), value("hard", false), value("soft", "1")],
    [" A ", 7, 0.25, "buy", false, false],
  );
  assert.deepEqual([value("levels", " 1\n\n2 "), value("day", "2026-11-25"), value("at", "14:30")], [[1, 2], "2026-11-25", "14:30:00"]);
  assert.equal(value("when", "2026-11-25T10:00"), new Date("2026-11-25T10:00").toISOString());
  assert.deepEqual([value("either", '"a"'), value("nested", "[[1]]")], ["a", [[1]]]);
});

test("what is left empty is the command's own default, or null where that is a value", () => {
  assert.deepEqual([value("note", ""), value("when", ""), value("soft", "")], [undefined, undefined, undefined]);
  const { fields: [kept, cleared, needed] } = readFormSchema({
    properties: {
      a: { anyOf: [{ type: "string" }, { type: "null" }], default: "x" },
      b: { type: "string", default: "x" },
      c: { anyOf: [{ type: "integer" }, { type: "null" }] },
    },
    required: ["c"],
  });
  assert.deepEqual([kept, cleared, needed].map((one) => one && readEntry(one, "")), [{ value: null }, { value: "" }, { value: null }]);
});

test("what does not fit is said at its field", () => {
  assert.equal(fault("symbol", " "), "needed");
  assert.equal(fault("max_rows", "1.5"), "must be a whole number");
  assert.equal(fault("max_rows", "0"), "at least 1");
  assert.equal(fault("max_rows", "11"), "at most 10");
  assert.equal(fault("max_rows", "9007199254740993"), "too large for a browser's numbers");
  assert.equal(fault("share", "0"), "more than 0");
  assert.equal(fault("share", "1"), "less than 1");
  assert.equal(fault("share", ""), "needed; it can't be empty");
  for (const odd of ["x", "0x10", "Infinity", "1 000", "--1"]) assert.equal(fault("share", odd), "must be a number", odd);
  assert.equal(fault("share", "1,5"), "write numbers without commas, such as 1000.5");
  assert.equal(fault("side", "7"), "choose one of the list");
  assert.equal(fault("note", "123456"), "at most 5 characters");
  assert.equal(fault("note", "😀😀😀😀😀"), "");
  assert.equal(fault("levels", "1\nx"), "line 2: must be a whole number");
  assert.equal(fault("levels", ""), "at least 1 line");
  assert.equal(fault("levels", "1\n2\n3\n4"), "at most 3 lines");
  assert.equal(fault("day", "2026-13-01"), "must be a date, such as 2026-11-25");
  assert.equal(fault("at", "25"), "must be a time, such as 14:30");
  assert.equal(fault("when", "soon"), "must be a date and a time");
  assert.equal(fault("either", "{"), "must be JSON: texts stand in double quotes");
});

test("a form is its arguments or all that is wrong with it", () => {
  const entries = new Map<string, Entry>([["symbol", "A"], ["max_rows", "x"], ["levels", "1"], ["either", "1"], ["nested", "[]"]]);
  const bad = readForm(fields, entries);
  assert.deepEqual("faults" in bad && [...bad.faults], [["max_rows", "must be a whole number"], ["day", "needed"]]);
  entries.set("max_rows", "3").set("day", "2026-11-25");
  const good = readForm(fields, entries);
  assert.deepEqual("args" in good && good.args, {
    symbol: "A",
    max_rows: 3,
    share: 0.5,
    side: "sell",
    hard: true,
    levels: [1],
    day: "2026-11-25",
    at: "09:30:00",
    either: 1,
    nested: [],
  });
});

test("a schema that is none, or has names of the language, harms nothing", () => {
  for (const schema of [null, 7, "x", [], { properties: 5 }, { properties: { a: null }, required: "a" }]) readFormSchema(schema);
  const odd = readFormSchema(JSON.parse('{"properties":{"__proto__":{"type":"string"},"constructor":{"enum":[]}},"required":[{}]}'));
  assert.deepEqual(odd.fields.map(({ name, control }) => [name, control]), [["__proto__", "text"], ["constructor", "json"]]);
  const read = readForm(odd.fields, new Map([["__proto__", "x"]]));
  assert.ok("args" in read);
  assert.equal(JSON.stringify(read.args), '{"__proto__":"x"}');
  assert.equal(({} as { x?: unknown }).x, undefined);
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, {}]));
  assert.equal(readFormSchema({ properties: many }).fields.length, 100);
});

test("a default at the end of the calendar is none where the reader's clock has no such time", () => {
  const zone = process.env.TZ;
  process.env.TZ = "Asia/Tokyo";
  try {
    const { fields } = readFormSchema({ properties: { a: { type: "string", format: "date-time", default: "+275760-09-13T00:00:00.000Z" } } });
    assert.deepEqual(fields.map(firstEntry), [""]);
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
