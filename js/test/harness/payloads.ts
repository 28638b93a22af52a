// The page of a test that throws texts at every field of every widget and looks at what became of them.

import type { AnyWidget } from "../../src/lib/afm.ts";
import { writableSlot } from "../../src/connection/registry.ts";
import { shownName } from "../../src/lib/names.ts";
import button from "../../src/widgets/button.ts";
import chart from "../../src/widgets/chart.ts";
import chat from "../../src/widgets/chat.ts";
import dashboard from "../../src/widgets/dashboard.ts";
import form from "../../src/widgets/form.ts";
import metric from "../../src/widgets/metric.ts";
import slider from "../../src/widgets/slider.ts";
import table from "../../src/widgets/table.ts";
import toggle from "../../src/widgets/toggle.ts";
import { FakeConnection } from "./fake.ts";

/** Attributes that only our own code writes, whatever the data. */
const TEXT_ATTRIBUTES = new Set(["title", "aria-label", "placeholder", "aria-valuetext"]);
const DANGEROUS = /^(on|data-(?!tone$|lm-suppress-shortcuts$)|href$|xlink:|src|srcdoc$|action$|formaction$|id$|name$|for$|target$|is$|slot$|contenteditable$)/;

const main = document.querySelector("main") as HTMLElement;
let made = 0;

/** Ends what was shown. */
let ends: (() => void)[] = [];

interface Thrown {
  readonly text: string;
  readonly el: HTMLElement;
  readonly connection: FakeConnection;
}

function show(makeWidget: () => AnyWidget, el: HTMLElement, spec: Record<string, unknown>): void {
  const place = document.createElement("div");
  el.append(place);
  const widget = makeWidget();
  const model = { get: (name: string) => (name === "spec" ? spec : undefined) };
  for (const end of [widget.initialize({ model }), widget.render({ model, el: place })]) if (typeof end === "function") ends.push(end);
}

function clear(thrown: readonly Thrown[]): void {
  for (const end of ends.reverse()) end();
  ends = [];
  for (const { el } of thrown) el.remove();
}

/** Every widget, with one text in every field that takes one. */
function stage(text: string): Thrown {
  const hub = `hub${made++}`;
  const connection = new FakeConnection(hub);
  const el = document.createElement("section");
  main.append(el);
  const now = Date.now();
  const spec = (kind: string, role: string, channel: string, options: Record<string, unknown>) => ({ kind, hub, channels: { [role]: channel }, options });

  const stream = connection.stream("stream:a");
  // Without a prototype, as feeds make them.
  const batch = { time: [now - 2000, now - 1000], who: [text, `${text}2`], [`v${text}`]: [1, 2] };
  stream.kept.push(Object.assign(Object.create(null), batch));
  show(chart, el, spec("chart", "data", "stream:a", { y: [`v${text}`], by: "who", title: text, window_ms: 60_000 }));
  show(chart, el, spec("chart", "data", "stream:a", { y: [text], title: text }));
  show(chart, el, spec("chart", "data", text, { [text]: text, kind: text }));
  show(metric, el, spec("metric", "data", "stream:a", { column: `v${text}`, title: text, unit: text }));
  show(metric, el, spec("metric", "data", "stream:a", { column: text, title: text, format: text }));

  const rows = connection.table("table:a");
  rows.change([{ id: text, [`c${text}`]: text, many: [text, { [text]: text }] }, { id: 2, [`c${text}`]: 5 }]);
  rows.setStatus({ reason: text });
  show(table, el, spec("table", "data", "table:a", { title: text, sort: text, columns: null, height: 200 }));
  show(table, el, spec("table", "data", "table:a", { columns: [text, `c${text}`], sort: `-c${text}` }));

  const room = connection.chat("chat:a");
  room.members = [
    { user: text, name: text, clients: 2 },
    { user: "bob", name: `${text} Stone`, clients: 1 },
  ];
  room.receive(text, text, text, now - 900_000);
  room.receive("bob", text, `${text} and more`, now, { open: true });
  room.messages = room.messages.map((message) => ({ ...message, edited: true, reactions: new Map([[text, [text]]]) }));
  room.refuse = text;
  room.delayMs = 0;
  show(chat, el, spec("chat", "chat", "chat:a", { title: text, height: 200 }));

  connection.value("value:a").receive(text);
  show(slider, el, spec("slider", "value", "value:a", { title: text, unit: text, min: 0, max: 5 }));
  show(toggle, el, spec("toggle", "value", "value:a", { title: text }));
  const fields = {
    [`p${text}`]: { type: "string", description: text, default: text },
    [text]: { enum: [text, `${text}2`], default: text },
    many: { type: "array", items: { type: "string" }, default: [text], description: text },
    any: { description: text, default: { [text]: text } },
    needed: { type: "integer", description: text },
  };
  const schema = { description: text, properties: fields, required: ["needed", text] };
  connection.table("table:rtwidgets.commands").change([
    { name: text, title: text, handlers: 1, schema },
    { name: "other", title: text, handlers: 1, schema: { description: text } },
    { name: "lists", title: text, handlers: 1, schema: {} },
  ]);
  const run = { started_ms: now, fraction: 0.5, note: text, error: text };
  connection.table("table:rtwidgets.calls").change([
    { id: text, command: text, state: "running", user: text, name: text, key: text, ...run },
    { id: "2", command: text, state: "failed", user: text, name: text, key: text, ...run },
    { id: "3", command: "other", state: text, user: "bob", name: `${text} Stone`, key: text, ...run },
  ]);
  connection.answer = (command) => {
    if (command === "other") return Promise.resolve({ [text]: text });
    return command === "lists" ? Promise.resolve([text, { [text]: [text] }]) : Promise.reject(new Error(text));
  };
  const commands = (kind: string, options: Record<string, unknown>) => ({ kind, hub, channels: { commands: "table:rtwidgets.commands", calls: "table:rtwidgets.calls" }, options });
  show(button, el, commands("button", { title: text, command: text, args: { [text]: text } }));
  show(button, el, commands("button", { title: text, command: "other" }));
  show(button, el, commands("button", { title: text, command: `${text} away` }));
  show(form, el, commands("form", { title: text, command: text }));
  show(form, el, commands("form", { command: "other" }));
  show(form, el, commands("form", { command: "lists" }));

  const shown = { kind: "table", channels: { data: "table:m/a" }, options: { title: text } };
  const panels = [
    { id: text, w: 4, spec: shown },
    { id: "kind", w: 4, spec: { kind: text, channels: { [text]: `table:m/${text}` }, options: { [text]: text } } },
    { id: "command", w: 4, spec: { kind: "button", channels: { commands: "table:m/rtwidgets.commands" }, options: { title: text, command: text } } },
    { id: "command", x: text, [text]: text },
  ];
  connection.value("value:m/dashboard").receive({ title: text, panels, [text]: text });
  connection.event("event:m/rtwidgets.members").members = [{ user: text, name: text, clients: 1, role: "viewer" }];
  show(dashboard, el, { kind: "dashboard", hub, channels: { layout: "value:m/dashboard", members: "event:m/rtwidgets.members" }, options: {} });

  show(table, el, { kind: text, hub, channels: { data: text }, options: { [text]: text } });
  show(table, el, { kind: "table", hub: text, channels: { data: "table:a" }, options: {} });
  connection.setStatus({ reason: text, detail: text, transport: "relay" });
  writableSlot(hub).put(connection);
  return { text, el, connection };
}

/** Do what a person may do. */
function use({ el, text }: Thrown): void {
  for (const input of el.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("textarea, input:not([type=checkbox])")) {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  }
  for (const type of ["pointerenter", "pointerover", "mouseover", "focus", "pointermove"]) {
    for (const item of el.querySelectorAll("*")) item.dispatchEvent(new Event(type, { bubbles: type !== "focus" && type !== "pointerenter" }));
  }
  for (const item of el.querySelectorAll<HTMLElement>("button, a, [role=button], summary")) item.click();
}

/** Elements and attributes in a place, as `tag@attribute`. */
function shapes(root: ParentNode): Set<string> {
  const found = new Set<string>();
  for (const item of root.querySelectorAll("*")) {
    found.add(item.localName);
    for (const { name } of item.attributes) found.add(`${item.localName}@${name}`);
  }
  return found;
}

function dangers(root: ParentNode, text: string): string[] {
  const found: string[] = [];
  for (const item of root.querySelectorAll("*")) {
    for (const { name, value } of item.attributes) {
      if (DANGEROUS.test(name)) found.push(`${item.localName}@${name}=${value}`);
      // Data may stand in what is read aloud or shown at the pointer, and nowhere else.
      if (text.length > 12 && !TEXT_ATTRIBUTES.has(name) && value.includes(text)) found.push(`text in ${item.localName}@${name}`);
    }
  }
  return found;
}

function texts(root: ParentNode, selector: string): string[] {
  return [...root.querySelectorAll(selector)].map((item) => item.textContent ?? "");
}

const frames = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((done) => requestAnimationFrame(done));
};
const later = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Throw some texts; return what is wrong with what was shown. */
async function throwAt(list: readonly string[], harmless: readonly string[]): Promise<string[]> {
  const known = new Set(harmless);
  const thrown = list.map(stage);
  await later(100);
  await frames(3);
  for (const one of thrown) use(one);
  await later(150);
  await frames(3);
  const wrong: string[] = [];
  for (const { text, el } of thrown) {
    const say = (what: string) => wrong.push(`${JSON.stringify(text.slice(0, 80))}: ${what}`);
    for (const shape of shapes(el)) if (!known.has(shape)) say(`makes ${shape}`);
    for (const danger of dangers(el, text)) say(danger);
    if (!texts(el, ".rtw-chat__text").some((line) => line.startsWith(text))) say("chat does not show it as it is");
    if (!texts(el, ".rtw-chat__author").includes(shownName(text))) say("the author's name is not as it should be");
    if (text.length < 200 && !texts(el, ".rtw-grid__cell").includes(text)) say("no cell shows it as it is");
    if (!texts(el, ".rtw-head__title").includes(text)) say("no title shows it as it is");
  }
  clear(thrown);
  await frames(1);
  return wrong;
}

/** What widgets are made of when nobody means harm. */
async function harmlessShapes(list: readonly string[]): Promise<string[]> {
  const thrown = list.map(stage);
  await later(200);
  for (const one of thrown) use(one);
  await later(200);
  await frames(3);
  const found = new Set(thrown.flatMap(({ el }) => [...shapes(el)]));
  clear(thrown);
  return [...found];
}

/** What the same texts do where somebody was careless. */
async function throwCarelessly(list: readonly string[]): Promise<void> {
  for (const text of list) {
    const el = document.createElement("section");
    main.append(el);
    el.innerHTML = text;
    await frames(1);
    for (const item of el.querySelectorAll<HTMLElement>("*")) {
      item.dispatchEvent(new Event("mouseover", { bubbles: true }));
      item.dispatchEvent(new Event("pointerenter"));
      if (item.localName !== "a" && item.localName !== "form" && item.localName !== "button") item.click?.();
    }
  }
  await later(500);
}

Object.assign(globalThis, { rtwPayloads: { throwAt, harmlessShapes, throwCarelessly } });
