import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveFrontEnd } from "../../src/lib/afm.ts";
import { readLayout, type Panel } from "../../src/lib/panel_layout.ts";
import { PanelModels } from "../../src/lib/panel_models.ts";
import { readSaved, type Saved } from "../../src/lib/saved.ts";

const spec = (kind: string, channel = "stream:morning/a", options: Record<string, unknown> = {}) => ({ kind, channels: { data: channel }, options });
const panels = (...specs: unknown[]): readonly Panel[] => readLayout({ panels: specs.map((one, i) => ({ id: `p${i}`, x: 0, y: i, w: 6, h: 1, spec: one })) }).panels;

/** A registry of one kind that counts the widgets that live. */
function registry(saved: Saved | null = null) {
  const living = new Set<AbortSignal>();
  const opened: unknown[] = [];
  const kept: unknown[] = [];
  const make = (): LiveFrontEnd => ({
    initialize: ({ model, signal }) => {
      opened.push(model.get("spec"));
      kept.push(model.get("snapshot"));
      if (signal) {
        living.add(signal);
        signal.addEventListener("abort", () => living.delete(signal));
      }
      return () => {};
    },
    render: () => () => {},
    picture: (share) => (opened.length === 1 ? { data: share } : null),
  });
  const life = new AbortController();
  const kinds = { of: (kind: string) => (kind === "chart" ? make : undefined), unknown: (kind: unknown) => `no kind ${String(kind)}` };
  return { living, opened, kept, life, models: new PanelModels(kinds, "hub", "morning", saved, life.signal) };
}

test("a panel's widget is opened once, with the dashboard's hub, and lives while the panel moves", () => {
  const { living, opened, models } = registry();
  models.follow(panels(spec("chart"), spec("chart", "stream:morning/b")));
  models.follow(panels(spec("chart"), spec("chart", "stream:morning/b")).map((panel) => ({ ...panel, x: 5, w: 3 })));
  assert.deepEqual(opened, [
    { ...spec("chart"), hub: "hub" },
    { ...spec("chart", "stream:morning/b"), hub: "hub" },
  ]);
  assert.equal(living.size, 2);
});

test("a panel whose spec names another hub is shown from the dashboard's", () => {
  const { opened, models } = registry();
  models.follow(panels({ ...spec("chart"), hub: "elsewhere" }));
  assert.equal((opened[0] as { hub: string }).hub, "hub");
});

test("another spec makes another widget, and a panel that goes ends its own", () => {
  const { living, opened, models } = registry();
  models.follow(panels(spec("chart")));
  const first = models.get("p0");
  models.follow(panels(spec("chart", "stream:morning/a", { title: "New" })));
  assert.notEqual(models.get("p0")?.key, first?.key);
  assert.deepEqual([opened.length, living.size], [2, 1]);
  models.follow([]);
  assert.deepEqual([living.size, models.size], [0, 0]);
});

test("thousands of changes leave nothing behind, and the dashboard's end ends all", () => {
  const { living, life, models } = registry();
  for (let i = 0; i < 3000; i++) models.follow(panels(...Array.from({ length: i % 9 }, (_, k) => spec("chart", `stream:morning/${(i + k) % 5}`))));
  models.follow(panels(spec("chart"), spec("chart")));
  assert.equal(living.size, 2);
  life.abort();
  assert.equal(living.size, 0);
});

test("a kind that is not known, or a panel that may not be shown, is said in its place", () => {
  const { opened, models } = registry();
  models.follow(panels(spec("globe"), spec("chart", "stream:secret"), 7, spec("__proto__")));
  assert.deepEqual(
    ["p0", "p1", "p2", "p3"].map((id) => models.get(id)?.fault),
    ["no kind globe", "'stream:secret' is not of this session", "no kind undefined", "no kind __proto__"],
  );
  assert.equal(opened.length, 0);
});

test("a dashboard keeps a picture of each panel, and each finds its own again", () => {
  const { models } = registry();
  models.follow(panels(spec("chart"), spec("gauge")));
  assert.deepEqual(models.pictures(0.5), { p0: { data: 0.5 } });
  const { kept, models: again } = registry(readSaved({ at_ms: 7, feeds: { panels: { p0: { data: 1 }, __proto__: 2 } } }));
  again.follow(panels(spec("chart"), spec("chart")));
  assert.deepEqual(kept, [{ at_ms: 7, feeds: { data: 1 } }, undefined]);
});
