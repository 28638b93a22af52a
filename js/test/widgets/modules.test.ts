// Every widget module on a pretend hub, without a document: what belongs to the model must need none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { writableSlot } from "../../src/connection/registry.ts";
import type { Want } from "../../src/connection/types.ts";
import button from "../../src/widgets/button.ts";
import chart from "../../src/widgets/chart.ts";
import chat from "../../src/widgets/chat.ts";
import dateInput from "../../src/widgets/date_input.ts";
import form from "../../src/widgets/form.ts";
import log from "../../src/widgets/log.ts";
import metric from "../../src/widgets/metric.ts";
import multiSelect from "../../src/widgets/multi_select.ts";
import numberInput from "../../src/widgets/number_input.ts";
import rangeSlider from "../../src/widgets/range_slider.ts";
import select from "../../src/widgets/select.ts";
import slider from "../../src/widgets/slider.ts";
import table from "../../src/widgets/table.ts";
import textInput from "../../src/widgets/text_input.ts";
import toggle from "../../src/widgets/toggle.ts";
import { FakeConnection } from "../harness/fake.ts";

const MODULES = [
  { make: chart, kind: "chart", role: "data", channel: "stream:a", take: "stream" },
  { make: metric, kind: "metric", role: "data", channel: "stream:a", take: "stream" },
  { make: table, kind: "table", role: "data", channel: "table:a", take: "table" },
  { make: chat, kind: "chat", role: "chat", channel: "chat:a", take: "chat" },
  { make: slider, kind: "slider", role: "value", channel: "value:a", take: "value" },
  { make: toggle, kind: "toggle", role: "value", channel: "value:a", take: "value" },
  { make: log, kind: "log", role: "events", channel: "event:a", take: "event" },
  { make: dateInput, kind: "date_input", role: "value", channel: "value:a", take: "value" },
  { make: multiSelect, kind: "multi_select", role: "value", channel: "value:a", take: "value" },
  { make: numberInput, kind: "number_input", role: "value", channel: "value:a", take: "value" },
  { make: rangeSlider, kind: "range_slider", role: "value", channel: "value:a", take: "value" },
  { make: select, kind: "select", role: "value", channel: "value:a", take: "value" },
  { make: textInput, kind: "text_input", role: "value", channel: "value:a", take: "value" },
  { make: button, kind: "button", role: "commands", channel: "table:rtwidgets.commands", take: "table", also: { calls: "table:rtwidgets.calls" } },
  { make: form, kind: "form", role: "commands", channel: "table:rtwidgets.commands", take: "table", also: { calls: "table:rtwidgets.calls" } },
] as const;

for (const module of MODULES) {
  const { make, kind, role, channel, take } = module;
  const also = "also" in module ? module.also : {};
  test(`${kind} subscribes once per model, before any view, and ends with it`, () => {
    const hub = `modules-${kind}`;
    const connection = new FakeConnection(hub);
    const taken: { channel: string; want: Want; signal: AbortSignal }[] = [];
    const original = connection[take].bind(connection);
    Object.assign(connection, {
      [take]: (name: string, want: Want, signal: AbortSignal) => {
        taken.push({ channel: name, want, signal });
        return original(name);
      },
    });
    const model = { get: () => ({ kind, hub, channels: { [role]: channel, ...also }, options: {} }) };
    const end = make().initialize({ model });
    assert.equal(taken.length, 0, "there is no connection yet");
    writableSlot(hub).put(connection);
    assert.deepEqual(taken.map((one) => one.channel), [channel, ...Object.values(also)]);
    assert.equal(taken[0]?.signal.aborted, false);
    assert.equal(taken[0]?.want.visible, false, "there is no view yet");
    assert.equal(taken[0]?.want.maxHz, 60);
    end();
    assert.ok(taken.every(({ signal }) => signal.aborted));
  });

  test(`${kind} with a spec it can't use does not throw`, () => {
    for (const spec of [null, {}, { kind, hub: "h" }, { kind, hub: "h", channels: { [role]: 7 } }, { kind: "other", hub: "h" }]) {
      make().initialize({ model: { get: () => spec } })();
    }
  });
}
