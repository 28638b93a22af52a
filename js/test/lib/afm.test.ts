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

test("a picture is kept while a view is there, and goes with the last one", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const kept: unknown[] = [];
  const document = { visibilityState: "visible" };
  Object.assign(globalThis, { document });
  t.after(() => Reflect.deleteProperty(globalThis, "document"));
  const saving = { ...model, set: (name: string, value: unknown) => kept.push([name, value]) };
  const make = liveWidget<number>({ open: () => 7, show: () => undefined, picture: (state) => ({ state }) });
  const widget = make();
  const host = new AbortController();
  widget.initialize({ model: saving, signal: host.signal });
  t.mock.timers.tick(3_000);
  assert.deepEqual(kept, [], "nobody has seen it, and what was saved before stays");
  const [first, second] = [new AbortController(), new AbortController()];
  widget.render({ model: saving, el, signal: first.signal });
  const end = widget.render({ model: saving, el });
  t.mock.timers.tick(3_000);
  assert.deepEqual(kept.splice(0).map((one) => (one as [string, { feeds: unknown }])[1].feeds), [{ state: 7 }]);
  first.abort();
  t.mock.timers.tick(3_000);
  assert.equal(kept.splice(0).length, 1);
  end();
  t.mock.timers.tick(9_000);
  assert.deepEqual(kept.splice(0), [["snapshot", {}]], "once");
  widget.render({ model: saving, el, signal: second.signal });
  t.mock.timers.tick(3_000);
  assert.equal(kept.length, 1);
  host.abort();
});
