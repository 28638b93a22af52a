import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyWidget, RenderProps } from "../src/lib/afm.ts";
import { BUILD } from "../src/lib/build.ts";
import { kitSlot } from "../src/lib/kit_slot.ts";
import loader from "../src/loader.ts";
import stub from "../src/stub.ts";

const model = { get: () => undefined };
const place = () => ({ textContent: "" }) as unknown as HTMLElement;

test("a stub waits for its kit, says why it does not come, and then hands everything over", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const log: unknown[] = [];
  const slot = kitSlot(BUILD);
  const [first, view] = [stub(), new AbortController()];
  const endModel = first.initialize({ model });
  const el = place();
  const endView = first.render({ model, el, signal: view.signal });
  assert.equal(el.textContent, "");
  t.mock.timers.tick(6_000);
  assert.match(el.textContent ?? "", /No kernel .* run the notebook's cells again/);

  // A relay without code, as if its file was cut.
  const endRelay = loader.initialize({ model });
  await Promise.resolve().then(() => Promise.resolve());
  assert.match(el.textContent ?? "", /its relay brought no code/);
  const left = place();
  stub().render({ model, el: left })();

  const widget = (): AnyWidget => ({
    initialize: (props) => (log.push(["initialize", props.model === model]), () => log.push("initialize ended")),
    render: (props: RenderProps) => (log.push(["render", props.el === el, props.signal === view.signal]), () => log.push("render ended")),
  });
  slot.put({ widget, joinRelay: () => (log.push("relay"), () => log.push("relay ended")) });
  assert.deepEqual(log, [["initialize", true], ["render", true, true], "relay"]);
  assert.equal(el.textContent, "", "the widget's own place");
  endView();
  endModel();
  endRelay();
  assert.deepEqual(log.slice(3), ["render ended", "initialize ended", "relay ended"]);
});
