// Controls, logs, notices and toasts with one text in every field that takes one.

import { kindOfSpec } from "../../src/lib/kinds.ts";
import type { WidgetKind } from "../../src/lib/widget.ts";
import type { FakeConnection } from "./fake.ts";

export type Show = (makeWidget: WidgetKind, el: HTMLElement, spec: Record<string, unknown>) => void;

export function stageControls(show: Show, el: HTMLElement, connection: FakeConnection, text: string): void {
  const who = { client: "c9", user: text, name: text };
  const shown = (kind: string, role: string, channel: string, options: Record<string, unknown>) => {
    const spec = { kind, hub: connection.key, channels: { [role]: channel }, options };
    show(kindOfSpec(spec), el, spec);
  };
  const choices = [{ label: text, value: text }, { label: `${text}2`, value: { [text]: [text] } }];
  const controls: [kind: string, options: Record<string, unknown>][] = [
    ["range_slider", { title: text, unit: text, min: 0, max: 5 }],
    ["select", { title: text, choices }],
    ["multi_select", { title: text, choices }],
    ["text_input", { title: text, placeholder: text }],
    ["number_input", { title: text, unit: text, min: 0 }],
    ["date_input", { title: text }],
  ];
  for (const [kind, options] of controls) shown(kind, "value", "value:text", options);
  shown("multi_select", "value", "value:many", { title: text, choices });
  connection.denied.add(`publish value:${text}`);
  shown("text_input", "value", `value:${text}`, { [text]: text, choices: text });
  connection.value("value:text").receive(text, who);
  connection.value("value:many").receive([text, { [text]: [text] }, `${text}3`], who);
  connection.value(`value:${text}`).receive(text, who);
  connection.value("value:text").refuse = text;

  const alerts = connection.event("event:alerts");
  alerts.receive({ text, level: text, type: text, channel: text, [text]: text, more: { [text]: [text] } }, Date.now() - 60_000, text, text);
  alerts.receive({ [text]: text, level: "warning" }, Date.now() - 50_000, text, text);
  alerts.receive(text, Date.now() - 40_000, text, text);
  shown("log", "events", "event:alerts", { title: text, height: 200, level: text });
  shown("notifications", "events", "event:alerts", { title: text });
  connection.event("event:rtwidgets.notices#ann").receive({ text, type: "mention", channel: text }, Date.now() - 30_000, text, text);
}

/** What others do while somebody is at it. */
export function stirControls(el: HTMLElement, connection: FakeConnection, text: string): void {
  for (const input of el.querySelectorAll<HTMLInputElement>(".rtw-text input")) {
    input.value = `${text} mine`;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  connection.value("value:text").receive(`${text} theirs`, { client: "c8", user: text, name: `${text} Stone` });
  const alerts = connection.event("event:alerts");
  for (const [type, level] of [["direct", "info"], ["mention", "error"], [text, "warning"]]) {
    alerts.receive({ text, level, type, channel: `chat:${text}` }, Date.now(), text, text);
  }
}
