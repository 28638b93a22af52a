// The page's script: every widget once or more, on made-up data.

import type { WidgetKind } from "../../src/lib/widget.ts";
import { writableSlot } from "../../src/connection/registry.ts";
import chart from "../../src/widgets/chart.ts";
import chat from "../../src/widgets/chat.ts";
import metric from "../../src/widgets/metric.ts";
import slider from "../../src/widgets/slider.ts";
import table from "../../src/widgets/table.ts";
import toggle from "../../src/widgets/toggle.ts";
import { showCommands } from "./commands.ts";
import { FakeConnection } from "./fake.ts";

const HUB = "harness";
const query = new URLSearchParams(location.search);
const theme = query.get("theme");
if (theme) document.body.dataset.jpThemeLight = String(theme === "light");

const connection = new FakeConnection(HUB);
const main = document.querySelector("main") as HTMLElement;

const shown: (() => void)[] = [];

function show(makeWidget: WidgetKind, width: string, spec: Record<string, unknown>, snapshot: unknown = undefined): HTMLElement {
  const el = document.createElement("div");
  el.className = width;
  main.append(el);
  const widget = makeWidget();
  const model = { get: (name: string) => (name === "spec" ? { hub: HUB, ...spec } : name === "snapshot" ? snapshot : undefined) };
  const ends = [widget.initialize({ model }), widget.render({ model, el })];
  // With ?saved everything is shown a second time, from what it looked like, and without a hub.
  shown.push(() => {
    const feeds: unknown = JSON.parse(JSON.stringify(widget.picture(1)));
    for (const end of ends) end();
    show(makeWidget, width, { ...spec, hub: "gone" }, { at_ms: Date.now() - 2 * 3_600_000, feeds });
    el.remove();
  });
  return el;
}

const on = (role: string, channel: string) => ({ [role]: channel });
const data = (channel: string) => on("data", channel);

show(metric, "w3", { kind: "metric", channels: data("stream:system"), options: { column: "cpu", title: "CPU", unit: "%", digits: 1 } });
show(metric, "w3", { kind: "metric", channels: data("stream:system"), options: { column: "memory", title: "Memory", format: "bytes" } });
show(metric, "w3", { kind: "metric", channels: data("stream:prices"), options: { column: "price", title: "Mean price", reduce: "mean", window_ms: 60000, unit: "EUR", digits: 2 } });
show(metric, "w3", { kind: "metric", channels: data("stream:prices"), options: { column: "price", title: "Ticks", reduce: "count", sparkline: false } });
show(chart, "w7", { kind: "chart", channels: data("stream:prices"), options: { y: ["price"], by: "symbol", window_ms: 120000, title: "Prices by symbol", height: 300 } });
show(chart, "w5", { kind: "chart", channels: data("stream:system"), options: { kind: "area", y: ["cpu"], window_ms: 60000, title: "CPU, percent", height: 300 } });
show(table, "w7", { kind: "table", channels: data("table:processes"), options: { sort: "-cpu", title: "Processes", height: 320 } });
show(chat, "w5", { kind: "chat", channels: on("chat", "chat:desk"), options: { title: "Desk", height: 280 } });
show(slider, "w4", { kind: "slider", channels: on("value", "value:interval"), options: { min: 0.1, max: 5, title: "Interval", unit: "s" } });
show(toggle, "w4", { kind: "toggle", channels: on("value", "value:paused"), options: { title: "Trading halted" } });
showCommands(show, connection);
show(chart, "w4", { kind: "chart", channels: data("stream:nothing"), options: { window_ms: 300000, title: "Nothing yet", height: 140 } });
show(chart, "w4", { kind: "chart", channels: data("stream:many"), options: { window_ms: 60000, title: "Many groups", height: 140, colour: "red" } });
show(chart, "w4", { kind: "chart", channels: data("stream:prices"), options: { y: ["bid"], title: "A missing column", height: 140 } });
show(chart, "w4", { kind: "chart", hub: "elsewhere", channels: data("stream:prices"), options: { title: "No kernel", height: 140 } });
show(metric, "w4", { kind: "gauge", channels: data("stream:prices") });
show(table, "w8", { kind: "table", channels: data("table:big"), options: { title: "100,000 rows", height: 240, sort: "-value" } });
show(table, "w4", { kind: "table", channels: data("table:sparse"), options: { title: "One note", height: 240 } });

// Data -----------------------------------------------------------------------------------------------------------

const SYMBOLS = ["ACME", "GLOBEX", "INITECH", "UMBRELLA", "HOOLI"];
const levels = new Map(SYMBOLS.map((symbol, i) => [symbol, 95 + 4 * i]));
const wander = (level: number, by: number) => level + (Math.random() - 0.5) * by;
const prices = connection.stream("stream:prices");
const system = connection.stream("stream:system");
const many = connection.stream("stream:many");
let cpu = 30;
let memory = 6.2e9;

function priceRows(timeMs: number) {
  const batch: Record<string, unknown[]> = { time: [], symbol: [], price: [] };
  for (const symbol of SYMBOLS) {
    const level = wander(levels.get(symbol) ?? 100, 0.5);
    levels.set(symbol, level);
    batch.time?.push(timeMs);
    batch.symbol?.push(symbol);
    batch.price?.push(symbol === "HOOLI" && timeMs % 40_000 < 6000 ? null : Math.round(level * 100) / 100);
  }
  return batch;
}

function systemRow(timeMs: number) {
  cpu = Math.max(1, Math.min(99, wander(cpu, 9)));
  memory = Math.max(4e9, Math.min(1.5e10, wander(memory, 8e7)));
  return { time: [timeMs], cpu: [cpu], memory: [Math.round(memory)] };
}

const start = Date.now();
for (let at = start - 120_000; at < start; at += 250) {
  prices.kept.push(priceRows(at));
  system.kept.push(systemRow(at));
}
for (let group = 0; group < 20; group++) many.kept.push({ time: [start - 30_000, start - 1000], host: [`host-${group}`, `host-${group}`], load: [group, group + Math.sin(group) * 3] });

const processes = connection.table("table:processes");
const NAMES = ["python", "jupyter-lab", "chromium", "rtwidgets-hub", "postgres", "redis-server", "sshd", "systemd", "code", "node", "nginx", "bash"];
const processRow = (id: number) => ({
  id,
  name: NAMES[id % NAMES.length],
  cpu: Math.round(Math.random() ** 4 * 1000) / 10,
  memory_mb: Math.round(20 + Math.random() * 900) / 1,
  threads: 1 + (id % 17),
  user: id % 3 ? "ann" : "root",
  started: start - id * 61_000,
});
processes.change(Array.from({ length: 214 }, (_, i) => processRow(1000 + i)));
const big = connection.table("table:big");
big.change(Array.from({ length: 100_000 }, (_, i) => ({ id: i, name: `row ${i}`, value: Math.random() * 1000, flag: i % 2 === 0, note: i % 7 ? null : "every seventh" })));

const sparse = connection.table("table:sparse");
sparse.change(Array.from({ length: 1000 }, (_, i) => ({ id: i, note: i === 1 ? "only here" : null })));

const desk = connection.chat("chat:desk");
desk.members = [
  { user: "ann", name: "Ann", clients: 2 },
  { user: "bob", name: "Bob Stone", clients: 1 },
  { user: "eve", name: "Eve", clients: 1 },
];
const said: [user: string, name: string, text: string][] = [
  ["bob", "Bob Stone", "Morning. ACME opens a little soft."],
  ["bob", "Bob Stone", "Anyone looked at the spread?"],
  ["ann", "Ann", "Yes, 12 ticks at the open, 4 now."],
  ["eve", "Eve", "<b>not bold</b> & not a <script>"],
  ["ann", "Ann", "I turned the sampling interval down to 0.5 s so that we see the auction. It is the slider under the chart, shared by all of us."],
];
said.forEach(([user, name, text], i) => desk.receive(user, name, text, start - 900_000 + i * 140_000));
desk.receive("bob", "Bob Stone", "Looking at it n", start - 20_000, { open: true });

connection.value("value:interval").receive(1.2);
connection.value("value:paused").receive(false);
writableSlot(HUB).put(connection);
setInterval(() => {
  const now = Date.now();
  prices.push(priceRows(now));
  system.push(systemRow(now));
}, 250);
setInterval(() => processes.change(Array.from({ length: 12 }, () => processRow(1000 + Math.floor(Math.random() * 214)))), 1000);
setInterval(() => big.change(Array.from({ length: 100 }, () => ({ id: Math.floor(Math.random() * 100_000), value: Math.random() * 1000 }))), 100);
if (query.has("saved")) {
  setTimeout(() => {
    for (const again of shown.splice(0)) again();
  }, 2000);
}
Object.assign(globalThis, { connection });
