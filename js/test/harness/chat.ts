// A chat with everything in it, on made-up data: ?theme=light or dark, ?scene=full, empty, away or reader.

import { writableSlot } from "../../src/connection/registry.ts";
import chat from "../../src/widgets/chat.ts";
import { FakeConnection, said } from "./fake.ts";

const HUB = "harness";
const query = new URLSearchParams(location.search);
const theme = query.get("theme");
const scene = query.get("scene") ?? "full";
if (theme) document.body.dataset.jpThemeLight = String(theme === "light");

const connection = new FakeConnection(HUB);
const desk = connection.chat("chat:morning/desk");
const now = Date.now();
const minutes = (ago: number) => now - ago * 60_000;

desk.members = [
  { user: "ann", name: "Ann", clients: 2 },
  { user: "bob", name: "Bob Stone", clients: 1 },
  { user: "eve", name: "Eve", clients: 1 },
  { user: "guest-4f2a", name: "Zoë Müller-Lüdenscheidt von Hohenfelsen (guest)", clients: 1 },
  { user: "bot-runner", name: "Runner", clients: 1 },
];

if (scene !== "empty") {
  for (let i = 0; i < 400; i++) desk.before.push(said(i % 3 ? "bob" : "eve", i % 3 ? "Bob Stone" : "Eve", `Yesterday's line ${i + 1}`, minutes(1_800 - i)));
  for (let i = 0; i < 60; i++) desk.messages.push(said("eve", "Eve", `Tick ${i}`, minutes(300 - i)));
  const question = desk.receive("bob", "Bob Stone", "Morning. ACME opens a *little* soft, see https://example.org/acme and [[Prices]].", minutes(50));
  desk.receive("bob", "Bob Stone", "Anyone looked at the **spread**?", minutes(49));
  const answer = desk.receive("ann", "Ann", "Yes, `12` ticks at the open, 4 now.", minutes(47), { replyTo: question });
  desk.change(answer, (message) => ({ ...message, reactions: new Map([["👍", ["bob", "eve", "guest-4f2a"]], ["👀", ["ann"]]]) }));
  desk.receive("eve", "Eve", "<b>not bold</b> & not a <script>", minutes(44), { edited: true });
  desk.receive("guest-4f2a", "Zoë Müller-Lüdenscheidt von Hohenfelsen (guest)", "What I would do:\n- widen the limit to 120\n- tell @bob and @ann\n  - only if it moves\n1. then wait\n\n> the auction ends at 9:30", minutes(40));
  desk.receive("bot-runner", "Runner", "```python\nspread = book.ask - book.bid\nif spread > 5:\n    hub.event('alerts').send({'text': 'spread above 5'})\n```\nThat is what runs.", minutes(38), { label: "Prices" });
  const line = desk.receive("bob", "Bob Stone", '/halt ACME reason="late print"', minutes(12));
  desk.receive("bob", "Bob Stone", "ACME halted until 09:35", minutes(12), { replyTo: line, command: { name: "morning/halt", state: "done", fraction: null, key: null } });
  const second = desk.receive("ann", "Ann", "/replay yesterday", minutes(6));
  desk.receive("ann", "Ann", "4,210 of 10,000 rows", minutes(6), { replyTo: second, command: { name: "morning/replay", state: "running", fraction: 0.42, key: "k1" } });
  const third = desk.receive("eve", "Eve", "/halt NOPE", minutes(5));
  desk.receive("eve", "Eve", "ValueError: no such symbol 'NOPE'", minutes(5), { replyTo: third, command: { name: "morning/halt", state: "failed", fraction: null, key: null } });
  desk.receive("bob", "Bob Stone", "@ann can you take the [close](https://example.org/close)?", minutes(3));
  desk.receive("eve", "Eve", "I deleted what this answered", minutes(2), { replyTo: "gone-1" });
  desk.receive("bot-runner", "Runner", "Looking at the last hour n", minutes(0.2), { label: "Prices", open: true });
  const marked = desk.messages.at(-5);
  localStorage.setItem(`rtwidgets.read:${JSON.stringify([HUB, "ann", desk.channel])}`, JSON.stringify([marked?.id, marked?.timeMs]));
}

const direct = connection.chat("chat:morning/desk#ann,bob");
direct.receive("bob", "Bob Stone", "Between us: the limit is too tight.", minutes(20));
direct.receive("ann", "Ann", "I know. Tomorrow.", minutes(19));
connection.event("event:rtwidgets.notices#ann").receive({ text: "wrote to you", type: "direct", channel: direct.channel }, minutes(20));
connection.table("table:morning/rtwidgets.commands").change([
  { name: "morning/halt", title: "Stop trading a symbol", handlers: 1, schema: { properties: { symbol: { type: "string" }, reason: { type: "string", default: "" } }, required: ["symbol"] } },
  { name: "morning/replay", title: "Play a day again", handlers: 1, schema: { properties: { day: { type: "string" }, speed: { type: "number", default: 1 } }, required: ["day"] } },
]);
connection.table("table:morning/rtwidgets.calls").change([{ id: "call-1", command: "morning/replay", user: "ann", key: "k1", state: "running", fraction: 0.42, note: "4,210 of 10,000 rows" }]);
connection.answer = async (_command, args) => {
  await new Promise((done) => setTimeout(done, 600));
  if (args.symbol === "NOPE") throw new Error("ValueError: no such symbol 'NOPE'");
  return `${String(args.symbol)} halted`;
};
if (scene === "away") connection.setStatus({ phase: "connecting", transport: null, reason: "the hub is away; trying again" });
if (scene === "reader") connection.denied.add(`publish ${desk.channel}`);

const el = document.createElement("div");
(document.querySelector("main") as HTMLElement).append(el);
const widget = chat();
const options = { title: "Morning desk", height: Number(query.get("height") ?? 520) };
const model = { get: (name: string) => (name === "spec" ? { kind: "chat", hub: HUB, channels: { chat: desk.channel }, options } : undefined) };
widget.initialize({ model });
widget.render({ model, el });
writableSlot(HUB).put(connection);
setInterval(() => scene === "full" && desk.types("bob", "Bob Stone"), 3_000);
Object.assign(globalThis, { connection, desk, direct });
