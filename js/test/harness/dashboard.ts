// The page of a dashboard: a session's widgets on made-up data. ?empty, ?others, ?fields, ?viewer, ?refuse, ?calm (no
// data comes).

import { writableSlot } from "../../src/connection/registry.ts";
import dashboard from "../../src/widgets/dashboard.ts";
import { FakeConnection } from "./fake.ts";

const HUB = "harness";
const query = new URLSearchParams(location.search);
const theme = query.get("theme");
if (theme) document.body.dataset.jpThemeLight = String(theme === "light");

const connection = new FakeConnection(HUB);
const main = document.querySelector("main") as HTMLElement;
if (query.has("viewer")) connection.may = () => false;

const COMMANDS = { commands: "table:morning/rtwidgets.commands", calls: "table:morning/rtwidgets.calls" };
const panel = (id: string, x: number, y: number, w: number, h: number, kind: string, channels: Record<string, string>, options: Record<string, unknown> = {}) => ({ id, x, y, w, h, spec: { kind, channels, options } });
const data = (channel: string) => ({ data: `${channel.replace(":", ":morning/")}` });
const layout = {
  title: "Morning desk",
  panels: [
    panel("cpu", 0, 0, 3, 3, "metric", data("stream:system"), { column: "cpu", title: "CPU", unit: "%", digits: 1 }),
    panel("memory", 3, 0, 3, 3, "metric", data("stream:system"), { column: "memory", title: "Memory", format: "bytes" }),
    panel("mean", 6, 0, 3, 3, "metric", data("stream:prices"), { column: "price", title: "Mean price", reduce: "mean", window_ms: 60_000, unit: "EUR", digits: 2 }),
    panel("ticks", 9, 0, 3, 3, "metric", data("stream:prices"), { column: "price", title: "Ticks", reduce: "count", sparkline: false }),
    panel("prices", 0, 3, 7, 8, "chart", data("stream:prices"), { y: ["price"], by: "symbol", window_ms: 120_000, title: "Prices by symbol" }),
    panel("chat", 7, 3, 5, 8, "chat", { chat: "chat:morning/desk" }, { title: "Desk" }),
    panel("interval", 0, 11, 4, 1, "slider", { value: "value:morning/interval" }, { min: 0.1, max: 5, title: "Interval", unit: "s" }),
    panel("halted", 4, 11, 4, 1, "toggle", { value: "value:morning/halted" }, { title: "Trading halted" }),
    panel("halt", 8, 11, 4, 1, "button", COMMANDS, { title: "Halt ACME", command: "morning/halt" }),
    panel("processes", 0, 12, 8, 8, "table", data("table:processes"), { sort: "-cpu", title: "Processes" }),
    panel("newer", 8, 12, 4, 4, "globe", data("stream:places"), { title: "Places" }),
    panel("outside", 8, 16, 4, 4, "button", COMMANDS, { title: "Shut down", command: "shutdown" }),
  ],
};

const control = (kind: string, y: number, x: number, options: Record<string, unknown>, value: unknown) => {
  connection.value(`value:morning/${kind}`).receive(value);
  return panel(kind, x, y, 4, 1, kind, { value: `value:morning/${kind}` }, options);
};
const SIDES = ["Buy", "Sell", "Hold"].map((label) => ({ label, value: label.toLowerCase() }));
const call = { commands: "table:morning/rtwidgets.commands", calls: "table:morning/rtwidgets.calls" };
/** One panel of every other kind. */
const others = {
  title: "All there is",
  panels: [
    panel("button", 0, 0, 4, 1, "button", call, { title: "Halt ACME", command: "morning/halt" }),
    panel("away", 4, 0, 4, 1, "button", call, { title: "Restart", command: "morning/restart" }),
    panel("bell", 8, 0, 4, 1, "notifications", { events: "event:morning/alerts" }, { title: "Alerts" }),
    control("slider", 1, 0, { min: 0, max: 5, title: "Interval", unit: "s" }, 1.2),
    control("range_slider", 1, 4, { min: 80, max: 120, title: "Price band", unit: "EUR" }, [92, 108]),
    control("toggle", 1, 8, { title: "Trading halted" }, true),
    control("select", 2, 0, { choices: SIDES, title: "Side" }, "sell"),
    { ...control("multi_select", 2, 4, { choices: SIDES, title: "Venues" }, ["buy"]), h: 2 },
    control("text_input", 2, 8, { title: "Note" }, "opening auction"),
    control("number_input", 3, 0, { title: "Limit", unit: "lots" }, 120),
    control("date_input", 3, 4, { title: "Trading day" }, "2026-11-25"),
    panel("form", 0, 4, 6, 8, "form", call, { command: "morning/halt" }),
    panel("log", 6, 4, 6, 8, "log", { events: "event:morning/alerts" }, { title: "Alerts" }),
  ],
};

/** Fields in a row: six of them in one row of the grid and in two, four, and three. */
const FIELDS: readonly (readonly [kind: string, options: Record<string, unknown>, value: unknown])[] = [
  ["number_input", { title: "lots", unit: "lots" }, 1200],
  ["date_input", { title: "day" }, "2026-11-25"],
  ["date_input", { title: "settled at", time: true }, "2026-11-25T10:30:00Z"],
  ["select", { title: "side", choices: SIDES }, "hold"],
  ["text_input", { title: "note" }, "opening auction"],
  ["multi_select", { title: "venues", choices: SIDES }, ["buy"]],
];
const rowOf = (y: number, w: number, h: number) =>
  FIELDS.slice(0, 12 / w).map(([kind, options, data], i) => {
    connection.value(`value:morning/field${i}`).receive(data);
    return panel(`${kind}-${y}-${i}`, i * w, y, w, kind === "multi_select" ? 2 : h, kind, { value: `value:morning/field${i}` }, options);
  });
const fields = { title: "Fields", panels: [...rowOf(0, 2, 1), ...rowOf(2, 2, 2), ...rowOf(4, 3, 1), ...rowOf(5, 4, 1)] };

const start = Date.now();
const wander = (level: number, by: number) => level + (Math.random() - 0.5) * by;
const levels = new Map(["ACME", "GLOBEX", "INITECH", "HOOLI"].map((symbol, i) => [symbol, 95 + 4 * i]));
let [cpu, memory] = [30, 6.2e9];
const prices = connection.stream("stream:morning/prices");
const system = connection.stream("stream:morning/system");
const processes = connection.table("table:morning/processes");
const desk = connection.chat("chat:morning/desk");

function priceRows(timeMs: number) {
  for (const [symbol, level] of levels) levels.set(symbol, wander(level, 0.5));
  return { time: [...levels].map(() => timeMs), symbol: [...levels.keys()], price: [...levels.values()].map((level) => Math.round(level * 100) / 100) };
}

function systemRow(timeMs: number) {
  cpu = Math.max(1, Math.min(99, wander(cpu, 9)));
  memory = Math.max(4e9, Math.min(1.5e10, wander(memory, 8e7)));
  return { time: [timeMs], cpu: [cpu], memory: [Math.round(memory)] };
}

const NAMES = ["python", "jupyter-lab", "chromium", "rtwidgets-hub", "postgres", "redis-server", "sshd", "systemd"];
const processRow = (pid: number) => ({ id: pid, name: NAMES[pid % NAMES.length], cpu: Math.round(Math.random() ** 4 * 1000) / 10, memory_mb: Math.round(20 + Math.random() * 900), user: pid % 3 ? "ann" : "root" });

for (let at = start - 120_000; at < start; at += 500) {
  prices.kept.push(priceRows(at));
  system.kept.push(systemRow(at));
}
processes.change(Array.from({ length: 140 }, (_, i) => processRow(1000 + i)));
desk.members = [
  { user: "ann", name: "Ann", clients: 2 },
  { user: "bob", name: "Bob Stone", clients: 1 },
];
["Morning. ACME opens a little soft.", "Anyone looked at the spread?", "12 ticks at the open, 4 now."].forEach((text, i) =>
  desk.receive(i === 2 ? "ann" : "bob", i === 2 ? "Ann" : "Bob Stone", text, start - 900_000 + i * 140_000),
);
connection.event("event:morning/rtwidgets.members").members = [
  { user: "ann", name: "Ann", clients: 2, role: "owner" },
  { user: "bob", name: "Bob Stone", clients: 1, role: "editor" },
  { user: "guest-1", name: "Eve (guest)", clients: 1, role: "viewer", guest: true },
];
connection.value("value:morning/interval").receive(1.2);
connection.value("value:morning/halted").receive(false);
const parameters = { symbol: { type: "string" }, reason: { type: "string", default: "" }, side: { enum: ["buy", "sell"], default: "buy" } };
connection.table("table:morning/rtwidgets.commands").change([{ name: "morning/halt", title: "Halt", handlers: 1, schema: { properties: parameters, required: ["symbol"] } }]);
["spread above 5", "order filled", "feed is late"].forEach((text, i) => connection.event("event:morning/alerts").receive({ level: ["warning", "info", "error"][i], text }, start - 60_000 * (3 - i)));
const value = connection.value("value:morning/dashboard");
if (!query.has("empty")) value.receive(query.has("others") ? others : query.has("fields") ? fields : layout);
if (query.has("refuse")) value.set = () => Promise.reject(new Error("permission denied (code 103)"));

const widget = dashboard();
const spec = { kind: "dashboard", hub: HUB, channels: { layout: "value:morning/dashboard", members: "event:morning/rtwidgets.members" }, options: {} };
const model = { get: (name: string) => (name === "spec" ? spec : undefined) };
widget.initialize({ model });
widget.render({ model, el: main });
writableSlot(HUB).put(connection);
if (!query.has("calm")) {
  setInterval(() => {
    prices.push(priceRows(Date.now()));
    system.push(systemRow(Date.now()));
  }, 500);
  setInterval(() => processes.change(Array.from({ length: 8 }, () => processRow(1000 + Math.floor(Math.random() * 140)))), 1000);
}
Object.assign(globalThis, { connection, fields, layout, others, value });
