import assert from "node:assert/strict";
import { test } from "node:test";
import { liveWidget } from "../../src/lib/afm.ts";

const model = { get: (name: string) => (name === "spec" ? { kind: "x" } : undefined) };
const el = {} as HTMLElement;

function recorder() {
  const log: string[] = [];
  const note = (what: string, signal: AbortSignal) => {
    log.push(what);
    signal.addEventListener("abort", () => log.push(`${what} ended`));
  };
  const make = liveWidget<{ spec: unknown }>({
    open: (spec, signal) => (note("open", signal), { spec }),
    show: ({ spec }, _el, signal) => note(`show ${JSON.stringify(spec)}`, signal),
  });
  return { log, make };
}

test("data opens once per model, views come and go", () => {
  const { log, make } = recorder();
  const widget = make();
  const host = new AbortController();
  const view = new AbortController();
  widget.initialize({ model, signal: host.signal });
  widget.render({ model, el, signal: view.signal });
  widget.render({ model, el, signal: host.signal });
  view.abort();
  assert.deepEqual(log, ["open", 'show {"kind":"x"}', 'show {"kind":"x"}', 'show {"kind":"x"} ended']);
  host.abort();
  assert.deepEqual(log.slice(4).sort(), ["open ended", 'show {"kind":"x"} ended']);
});

test("a host without signals ends things by the returned functions", () => {
  const { log, make } = recorder();
  const widget = make();
  const endModel = widget.initialize({ model });
  const endView = widget.render({ model, el });
  endView();
  endModel();
  assert.deepEqual(log.slice(2), ['show {"kind":"x"} ended', "open ended"]);
});

test("two models share nothing", () => {
  const { log, make } = recorder();
  make().initialize({ model });
  make().initialize({ model });
  assert.deepEqual(log, ["open", "open"]);
});

test("a host that never initializes still shows the widget", () => {
  const { log, make } = recorder();
  make().render({ model, el });
  assert.deepEqual(log, ["open", 'show {"kind":"x"}']);
});
