// Buttons and forms in all their states, on a pretend handler.

import button from "../../src/widgets/button.ts";
import form from "../../src/widgets/form.ts";
import type { WidgetKind } from "../../src/lib/widget.ts";
import type { FakeConnection, FakeTable } from "./fake.ts";

type Show = (makeWidget: WidgetKind, width: string, spec: Record<string, unknown>) => HTMLElement;

const CHANNELS = { commands: "table:rtwidgets.commands", calls: "table:rtwidgets.calls" };
const STEP_MS = 150;

const BACKTEST = {
  type: "object",
  description: "Runs the strategy over the whole period, day by day, and keeps what it earned.\nPrices come from the archive.",
  properties: {
    symbol: { type: "string", description: "Ticker, in capitals.", maxLength: 8 },
    side: { enum: ["long", "short", "both"], default: "both" },
    start: { type: "string", format: "date", description: "First day." },
    days: { type: "integer", minimum: 1, maximum: 2000, default: 250 },
    fee: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0.0005, description: "Part of each trade's value." },
    venues: { type: "array", items: { type: "string" }, description: "Where it may trade; all when empty.", default: [] },
    note: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    keep_trades: { type: "boolean", default: true, description: "Also each single trade." },
  },
  required: ["symbol", "start"],
};
const CATALOGUE = [
  { name: "halt", title: "Halt", handlers: 1, schema: { properties: { symbol: { type: "string" } }, required: ["symbol"] } },
  { name: "refresh", title: "Refresh prices", handlers: 1, schema: {} },
  { name: "fails", title: "Fails", handlers: 1, schema: {} },
  { name: "backtest", title: "Backtest a strategy", handlers: 2, schema: BACKTEST },
  { name: "report", title: "Write the report", handlers: 1, schema: { properties: { day: { type: "string", format: "date" } }, required: ["day"] } },
];

interface Going {
  readonly id: string;
  stopped: boolean;
}

/** Answers calls as a handler with much to do would, and shows them in the table of calls. */
export function pretendHandler(connection: FakeConnection, steps: (command: string) => number): void {
  const calls = connection.table(CHANNELS.calls);
  const going = new Map<string, Going>();
  let made = 0;
  connection.answer = async (command, args, key) => {
    const call: Going = { id: `own${made++}`, stopped: false };
    going.set(key, call);
    const count = steps(command);
    for (let step = 0; step < count; step++) {
      calls.change([row(call.id, command, "ann", "Ann", step / count, `day ${step + 1} of ${count}`, { key })]);
      await new Promise((done) => setTimeout(done, STEP_MS));
      if (call.stopped) throw Object.assign(new Error(`the call of '${command}' was cancelled by Ann`), { code: 1004 });
    }
    calls.change([], [call.id]);
    if (command === "fails") throw Object.assign(new Error("ValueError: no prices for 'ACME' on 2026-11-22, which is a Sunday; the next day with prices is 2026-11-23"), { code: 1001 });
    return command === "backtest" ? { trades: 1204, earned: 18_230.55, worst_day: "2026-03-11", sharpe: 1.42 } : `${command} ${String(args.symbol ?? "")}`.trim();
  };
  connection.stop = async (_command, { key = "" }) => {
    const call = going.get(key);
    if (call) call.stopped = true;
  };
}

/** Show them, the handlers of some away. */
export function showCommands(show: Show, connection: FakeConnection): void {
  connection.table(CHANNELS.commands).change(CATALOGUE);
  pretendHandler(connection, (command) => (command === "backtest" ? 40 : command === "refresh" ? 400 : 4));
  const of = (kind: string, options: Record<string, unknown>) => ({ kind, channels: CHANNELS, options });
  show(button, "w4", of("button", { title: "Halt ACME", command: "halt", args: { symbol: "ACME" } }));
  const running = show(button, "w4", of("button", { title: "Refresh", command: "refresh" }));
  const failed = show(button, "w4", of("button", { title: "Fails", command: "fails" }));
  show(button, "w4", of("button", { title: "Restart", command: "restart" }));
  show(button, "w8", of("button", { title: "Write the report", command: "report" }));
  show(form, "w7", of("form", { command: "backtest" }));
  const faulty = show(form, "w5", of("form", { command: "report", title: "With a mistake" }));
  show(form, "w5", of("form", { command: "nobody", title: "Nobody serves it" }));
  seenElsewhere(connection.table(CHANNELS.calls));
  setTimeout(() => {
    for (const el of [running, failed, faulty]) el.querySelector<HTMLElement>(".rtw-press")?.click();
  }, 50);
}

/** Calls of other people. */
function seenElsewhere(calls: FakeTable): void {
  calls.change([
    row("o1", "report", "bob", "Bob Stone", 0.62, "writing page 8 of 13"),
    row("o2", "report", "eve", "Eve", null, ""),
    row("o3", "report", "joe", "Joe", null, "", { state: "failed", error: "OSError: the disk is full" }),
  ]);
}

function row(id: string, command: string, user: string, name: string, fraction: number | null, note: string, more: Record<string, unknown> = {}) {
  return { id, command, state: "running", user, name, key: "", started_ms: Date.now(), fraction, note, error: "", ...more };
}
