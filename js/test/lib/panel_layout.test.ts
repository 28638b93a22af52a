import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_PANELS, outsideOf, panelTitle, readLayout, sessionOf, writtenLayout } from "../../src/lib/panel_layout.ts";

const CHART = { kind: "chart", channels: { data: "stream:morning/prices" }, options: {} };
const panel = (id: unknown, more: Record<string, unknown> = {}) => ({ id, x: 0, y: 0, w: 6, h: 8, spec: CHART, ...more });

test("a layout is read and written back as it was, with what a newer version put there", () => {
  const value = { title: "Desk", theme: "new", panels: [panel("a", { locked: true }), { id: "b", x: "new form" }] };
  const layout = readLayout(value);
  assert.deepEqual([layout.title, layout.panels.map(({ id }) => id)], ["Desk", ["a"]]);
  assert.deepEqual(layout.problems, ["panel 2 can't be shown: its x is 'new form', not a number"]);
  assert.deepEqual(writtenLayout(layout), value);
});

test("a panel that names no place stands below the others, in all columns", () => {
  const { panels } = readLayout({ panels: [{ id: "b", spec: CHART }, panel("a"), { id: "c", w: 4, h: null, spec: CHART }] });
  assert.deepEqual(panels.map(({ id, x, y, w, h }) => [id, x, y, w, h]), [["a", 0, 0, 6, 8], ["b", 0, 8, 12, 8], ["c", 0, 16, 4, 8]]);
});

test("nothing that a peer can put there throws, and nothing grows without end", () => {
  const circles = { toString: () => "x" };
  const strange = [
    undefined, null, 7, "text", [], true, {}, { panels: 7 }, { panels: null }, { panels: {} }, { title: 7, panels: [null, 7, [], "x", {}] },
    { panels: [panel(7)] }, { panels: [panel("")] }, { panels: [panel("x".repeat(65))] }, { panels: [panel("a", { x: Number.NaN, y: 1e300, w: -1e300, h: 0.4 })] },
    { panels: [panel("a", { spec: 7 })] }, { panels: [panel("a"), panel("a")] }, { panels: [panel("__proto__"), panel("constructor")] },
    JSON.parse('{"__proto__": {"panels": []}, "panels": [{"__proto__": {"id": "a"}, "x": 0}]}'), { panels: [circles] },
  ];
  for (const value of strange) {
    const layout = readLayout(value);
    for (const { id, x, y, w, h, spec } of layout.panels) {
      assert.ok([x, y, w, h].every(Number.isInteger), id);
      outsideOf("morning", spec);
      panelTitle(spec);
    }
    JSON.stringify(writtenLayout(layout));
    assert.ok(layout.problems.length <= 5);
    assert.ok(layout.problems.every((text) => text.length < 200));
  }
  assert.equal(({} as { panels?: unknown }).panels, undefined);
  assert.deepEqual(readLayout({ panels: [panel("__proto__"), panel("constructor")] }).panels.map(({ id }) => id), ["__proto__", "constructor"]);
  assert.deepEqual(readLayout({ panels: [panel("a"), panel("a")] }).problems, ["panel 2 can't be shown: its id 'a' is there twice"]);
});

test("more panels than fit are said and kept, not shown", () => {
  const value = { panels: Array.from({ length: 70 }, (_, i) => panel(`p${i}`)) };
  const layout = readLayout(value);
  assert.equal(layout.panels.length, MAX_PANELS);
  assert.deepEqual(layout.problems, ["6 more panels are not shown: a dashboard has room for 64"]);
  assert.equal((writtenLayout(layout).panels as unknown[]).length, 70);
  assert.equal(readLayout({ title: "x".repeat(5000) }).title.length, 200);
});

test("a panel shows and calls what is of the session, and nothing else", () => {
  assert.equal(sessionOf("value:morning/dashboard"), "morning");
  assert.equal(sessionOf("nothing"), "");
  assert.equal(outsideOf("morning", CHART), null);
  assert.equal(outsideOf("morning", { kind: "button", channels: { commands: "table:morning/rtwidgets.commands" }, options: { command: "morning/halt" } }), null);
  assert.match(outsideOf("morning", { kind: "chart", channels: { data: "stream:prices" } }) ?? "", /'stream:prices' is not of this session/);
  assert.match(outsideOf("morning", { kind: "chart", channels: { data: "stream:morning2/prices" } }) ?? "", /not of this session/);
  assert.match(outsideOf("morning", { kind: "chart", channels: { data: "morning/prices", other: "table:x" } }) ?? "", /'table:x'/);
  assert.match(outsideOf("morning", { kind: "button", channels: {}, options: { command: "shutdown" } }) ?? "", /command 'shutdown' is not of this session/);
  assert.match(outsideOf("morning", { kind: "dashboard", channels: { layout: "value:morning/dashboard" } }) ?? "", /can't be a panel/);
  for (const spec of [null, 7, [], {}, { kind: {}, channels: 7, options: "x" }]) outsideOf("morning", spec);
});

test("a panel is called by its title, or by what it shows", () => {
  assert.equal(panelTitle({ kind: "chart", channels: {}, options: { title: "Prices" } }), "Prices");
  assert.equal(panelTitle({ kind: "metric", channels: {}, options: { column: "cpu" } }), "cpu");
  const commands = { commands: "table:morning/rtwidgets.commands" };
  assert.equal(panelTitle({ kind: "form", channels: commands, options: { command: "morning/halt" } }), "halt");
  assert.equal(panelTitle(CHART), "prices");
  assert.equal(panelTitle({ kind: "chart", channels: { data: "stream:px" } }), "px");
  assert.equal(panelTitle({ kind: "globe" }), "globe");
  assert.equal(panelTitle(null), "panel");
});
