// A page with every control, on values that nobody else sees; `connection` in its console is the hub.

import { writableSlot } from "../../src/connection/registry.ts";
import { kindOfSpec } from "../../src/lib/kinds.ts";
import { FakeConnection } from "./fake.ts";

const HUB = "controls";
const theme = new URLSearchParams(location.search).get("theme");
if (theme) document.body.dataset.jpThemeLight = String(theme === "light");
const connection = new FakeConnection(HUB);
const main = document.querySelector("main") as HTMLElement;

function show(kind: string, role: string, channel: string, options: Record<string, unknown>, place = ""): void {
  const el = document.createElement("div");
  el.className = place;
  main.append(el);
  const spec = { kind, hub: HUB, channels: { [role]: channel }, options };
  const widget = kindOfSpec(spec)();
  const model = { get: (name: string) => (name === "spec" ? spec : undefined) };
  widget.initialize({ model });
  widget.render({ model, el });
}

function control(kind: string, name: string, value: unknown, options: Record<string, unknown>): void {
  if (value !== undefined) connection.value(`value:${name}`).receive(value);
  show(kind, "value", `value:${name}`, options);
}

const choices = (...labels: string[]) => labels.map((label) => ({ label, value: label.toLowerCase() }));
const SIDES = choices("Buy", "Sell", "Hold");
const VENUES = choices("Xetra", "London", "Paris", "Milan", "A venue with a very long name that does not fit", "Zurich");

control("slider", "interval", 1.2, { min: 0.1, max: 5, title: "Interval", unit: "s" });
control("range_slider", "band", [92, 108], { min: 80, max: 120, title: "Price band", unit: "EUR" });
control("toggle", "paused", true, { title: "Trading halted" });
control("select", "side", "sell", { choices: SIDES, title: "Side" });
control("multi_select", "venues", ["xetra", "paris"], { choices: VENUES, title: "Venues" });
control("text_input", "note", "opening auction", { title: "Note", placeholder: "what happened" });
control("number_input", "limit", 120, { title: "Limit", unit: "lots", min: 0, max: 500, step: 5 });
control("date_input", "day", "2026-11-25", { title: "Trading day" });
control("date_input", "start", "2026-11-25T08:00:00Z", { title: "Starts", time: true });
control("text_input", "empty", undefined, { title: "Never set", placeholder: "type a note" });
control("slider", "unset", undefined, { min: 0, max: 10, title: "Never set" });
control("number_input", "wrong", "abc", { title: "Wrong form" });
control("select", "other", "swap", { choices: SIDES, title: "None of them" });
control("range_slider", "turned", [5, 1], { min: 0, max: 10, title: "A range the wrong way round" });

const LOCKED = ["locked1", "locked2", "locked3", "locked4", "locked5", "locked6"] as const;
for (const name of LOCKED) connection.denied.add(`publish value:${name}`);
control("slider", "locked1", 3, { min: 0, max: 10, title: "Watched only" });
control("toggle", "locked2", true, { title: "Watched only" });
control("select", "locked3", "buy", { choices: SIDES, title: "Watched only" });
control("text_input", "locked4", "read me", { title: "Watched only" });
control("number_input", "locked5", 7, { title: "Watched only" });
control("multi_select", "locked6", ["buy"], { choices: SIDES, title: "Watched only" });

const alerts = connection.event("event:alerts");
const WORDS = ["spread above 5", "order filled", "auction over", "feed is late", "connection to the venue lost"];
const LEVELS = ["warning", "success", "info", "debug", "error"];
const start = Date.now() - 3_600_000;
for (let i = 0; i < 60; i++) {
  const kind = i % 5;
  alerts.receive({ level: LEVELS[kind], text: WORDS[kind], symbol: "ACME", spread: kind === 0 ? 5.2 : undefined, at: { venue: "Xetra" } }, start + i * 60_000);
}
alerts.receive("just a text", start + 3_600_000);
alerts.receive({ level: "info", text: "a longer one: " + "nothing of it is cut off, it goes on in the next line and the one after that. ".repeat(3) }, start + 3_600_000);
show("log", "events", "event:alerts", { title: "Alerts", height: 260 }, "wide");
show("notifications", "events", "event:alerts", { title: "Alerts" });

writableSlot(HUB).put(connection);
Object.assign(globalThis, { connection });
