import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatMessage, TableFeed } from "../../src/connection/types.ts";
import { chatRows, sameRow } from "../../src/lib/chat_blocks.ts";
import { commandHint, commandsOf, isComplete, scopeOf } from "../../src/lib/chat_commands.ts";
import { directChannel, directPartner, nameOf, orderedMembers } from "../../src/lib/chat_names.ts";
import { completing, fitting } from "../../src/lib/completion.ts";
import { peopleOf } from "../../src/lib/member_panel.ts";
import { colorsOf } from "../../src/lib/palette.ts";
import { ReadMark, readUntilMs, type MarkStore } from "../../src/lib/read_mark.ts";
import { Typing } from "../../src/lib/typing.ts";
import { said } from "../harness/fake.ts";

const NOON = new Date(2026, 10, 23, 12).getTime();
const message = (id: string, user: string, timeMs: number, more: Partial<ChatMessage> = {}) => said(user, user, id, timeMs, { id, ...more });
const nobody = () => null;
const colorOf = colorsOf([]);

test("an author and the time are said once for what belongs together", () => {
  const rows = chatRows(
    [
      message("a", "ann", NOON),
      message("b", "ann", NOON + 60_000),
      message("c", "bob", NOON + 61_000),
      message("d", "bob", NOON + 61_000 + 6 * 60_000),
      message("e", "bob", NOON + 62_000 + 6 * 60_000, { label: "Prices" }),
      message("f", "bob", NOON + 86_400_000),
      message("g", "bob", NOON + 86_401_000, { replyTo: "a" }),
      message("h", "bob", NOON + 86_402_000, { replyTo: "g" }),
      message("i", "bob", NOON + 86_403_000, { replyTo: "h", command: { name: "halt", state: "done", fraction: null, key: null } }),
    ],
    { divider: "b", find: nobody, more: false, stoppable: nobody, isLeft: () => false, colorOf },
  );
  assert.deepEqual(rows.filter(({ first }) => first).map(({ message }) => message.id).join(""), "abcdefg");
  assert.deepEqual(rows.filter(({ newDay }) => newDay).map(({ message }) => message.id).join(""), "af");
  assert.deepEqual(rows.filter(({ divider }) => divider).map(({ message }) => message.id).join(""), "b");
  assert.deepEqual(rows.filter(({ continues }) => continues).map(({ message }) => message.id).join(""), "i");
});

test("what a message answers is shown, is gone, or is not here yet", () => {
  const a = message("a", "ann", NOON);
  const b = message("b", "bob", NOON, { replyTo: "a" });
  const find = (id: string) => (id === "a" ? a : null);
  const quoted = (more: boolean, id = "a") => chatRows([{ ...b, replyTo: id }], { divider: null, find, more, stoppable: nobody, isLeft: () => false, colorOf })[0]?.quoted;
  assert.deepEqual([quoted(false), quoted(true), quoted(false, "x"), quoted(true, "x")], [a, a, null, undefined]);
  const around = { divider: null, find, more: false, stoppable: nobody, isLeft: () => false, colorOf };
  const [before] = chatRows([b], around);
  const [same] = chatRows([b], around);
  assert.ok(before && same && sameRow(before, same));
  for (const change of [{ find: () => ({ ...a, text: "edited" }) }, { stoppable: () => "call" }, { divider: "b" }, { colorOf: () => "red" }, { isLeft: () => true }]) {
    const [after] = chatRows([b], { ...around, ...change });
    assert.ok(after && !sameRow(before, after));
  }
});

test("oneself is first, the others by name", () => {
  const members = [{ user: "z", name: "Zoe", clients: 1 }, { user: "me", name: "Max", clients: 1 }, { user: "b", name: "", clients: 1 }];
  assert.deepEqual(orderedMembers(members, "me").map(({ user }) => user), ["me", "b", "z"]);
  const partners = new Map([["z", true], ["far", false], ["me", true]]);
  const people = peopleOf(members, partners, "me", (user) => `${user}?`, (user) => user !== "b");
  assert.deepEqual(people.map(({ name, here, unread, open }) => [name, here, unread, open]), [
    ["Max", true, true, false],
    ["b", true, false, false],
    ["Zoe", true, true, true],
    ["far?", false, false, true],
  ]);
});

test("names are those of who is here, or has said something", () => {
  const members = [{ user: "bob", name: "Bob", clients: 1 }];
  const messages = [message("a", "eve", 1, { name: "Old" }), message("b", "eve", 2, { name: "Eve" })];
  assert.deepEqual(["bob", "eve", "mallory"].map((user) => nameOf(user, members, messages)), ["Bob", "Eve", null]);
});

test("a direct chat has one name from both ends, and is none for whom no channel can be named after", () => {
  assert.equal(directChannel("chat:morning/desk", "bob", "ann"), "chat:morning/desk#ann,bob");
  assert.equal(directChannel("chat:desk#ann,bob", "ann", "eve"), "chat:desk#ann,eve");
  for (const user of ["", "ann", "a,b", "a#b", "Zoë", "a b", "x".repeat(260)]) assert.equal(directChannel("chat:desk", "ann", user), null);
  assert.equal(directPartner("chat:desk#ann,bob", "chat:desk", "ann"), "bob");
  for (const name of ["chat:desk#ann,bob,eve", "chat:desk#bob,eve", "chat:other#ann,bob", "chat:desk", "chat:desk#bob,ann", 'x"']) {
    assert.equal(directPartner(name, "chat:desk", "ann"), null);
  }
});

test("commands of a chat are those of its scope that somebody serves", () => {
  assert.deepEqual(["chat:desk", "chat:morning/desk", "chat:a/b/desk#ann,bob", "desk"].map(scopeOf), ["", "morning/", "a/b/", ""]);
  const row = (name: unknown, handlers = 1) => [String(name), new Map<string, unknown>([["name", name], ["title", "T"], ["handlers", handlers], ["schema", { properties: { x: {} } }]])] as const;
  const catalogue = { rows: new Map([row("morning/halt"), row("morning/away", 0), row("morning/deep/er"), row("other"), row(7)]) } as unknown as TableFeed;
  const commands = commandsOf(catalogue, "morning/");
  assert.deepEqual(commands.map(({ short }) => short), ["halt"]);
  assert.deepEqual(commandsOf(catalogue, "").map(({ short }) => short), ["other"]);
  assert.equal(commandHint("/halt", commands), "/halt [x] — T");
  assert.deepEqual(["/halt", "/hal", "/halt a", "halt", "/halt y=1"].map((line) => isComplete(line, commands)), [true, false, true, false, false]);
  assert.equal(commandHint("/nope", commands) + commandHint("halt", commands), "");
});

test("a name is completed behind @, a command behind / at the start", () => {
  assert.deepEqual(completing("hi @bo", true), { kind: "mention", start: 3, typed: "bo" });
  assert.deepEqual(completing("(@", true), { kind: "mention", start: 1, typed: "" });
  assert.deepEqual(completing("/ha", true), { kind: "command", start: 0, typed: "ha" });
  for (const text of ["a@b", "/ha lt", "x /ha", "@ann ", "//x"]) assert.equal(completing(text, true), null);
  assert.equal(completing("/ha", false), null);
  assert.deepEqual(fitting(["bob", "abby", "eve"], "B", (name) => [name]), ["bob", "abby"]);
});

test("typing is shown for a moment, and ends with the message", () => {
  const typing = new Typing();
  typing.heard("bob", "Bob", 0);
  typing.heard("ann", "Ann", 0);
  assert.equal(typing.line("ann", 1_000), "Bob is typing…");
  typing.heard("eve", "Eve", 2_000);
  assert.equal(typing.line("ann", 3_000), "Bob and Eve are typing…");
  typing.heard("zoe", "Zoe", 3_000);
  assert.equal(typing.line("ann", 3_000), "3 people are typing…");
  typing.said("eve");
  assert.equal(typing.line("ann", 6_000), "Zoe is typing…");
  assert.equal(typing.line("ann", 9_000), "");
  assert.deepEqual([0, 500, 1_999, 2_000].map((ms) => typing.isDue(ms)), [true, false, false, true]);
});

function marks() {
  const kept = new Map<string, string>();
  const store: MarkStore = { get: (name) => kept.get(name) ?? null, set: (name, mark) => void kept.set(name, mark) };
  const open = () => new ReadMark(store, "chat:desk");
  return { kept, store, open };
}

test("on a first visit nothing is new; what comes while nobody looks is", () => {
  const { open } = marks();
  const mark = open();
  const messages = [message("a", "bob", 1), message("b", "bob", 2)];
  mark.update(messages, "hub", "ann", true);
  assert.deepEqual([mark.unread, mark.divider], [0, null]);
  messages.push(message("c", "bob", 3));
  mark.update(messages, "hub", "ann", true);
  assert.deepEqual([mark.unread, mark.divider], [0, null], "the reader saw it come");
  messages.push(message("d", "ann", 4), message("e", "bob", 5), message("f", "bob", 6));
  mark.update(messages, "hub", "ann", false);
  assert.deepEqual([mark.unread, mark.divider], [2, "e"], "one's own are not new");
  mark.update(messages, "hub", "ann", true);
  assert.deepEqual([mark.unread, mark.divider], [0, "e"], "the line stays while the reader reads");
  messages.push(message("g", "bob", 7));
  mark.update(messages, "hub", "ann", true);
  assert.equal(mark.divider, "e");
  messages.push(message("h", "bob", 8));
  mark.update(messages, "hub", "ann", false);
  assert.deepEqual([mark.unread, mark.divider], [1, "h"], "the next absence moves it");
  mark.clear();
  assert.equal(mark.divider, null);
});

test("a mark is kept for a user and a channel between visits", () => {
  const { open, kept, store } = marks();
  const messages = [message("a", "bob", 1), message("b", "bob", 2)];
  open().update(messages, "hub", "ann", true);
  messages.push(message("c", "bob", 3));
  const again = open();
  again.update(messages, "hub", "ann", true);
  assert.equal(again.divider, "c");
  const other = open();
  other.update(messages, "hub", "eve", true);
  assert.equal(other.divider, null);
  assert.equal(readUntilMs(store, "hub", "ann", "chat:desk"), 3);
  assert.equal(readUntilMs(store, "hub", "ann", "chat:other"), 0);
  // The message of the mark is deleted, or not here any more: then time counts.
  const third = open();
  third.update([message("b", "bob", 2), message("d", "bob", 4)], "hub", "ann", false);
  assert.deepEqual([third.unread, third.divider], [1, "d"]);
  for (const name of kept.keys()) kept.set(name, "{broken");
  assert.doesNotThrow(() => open().update(messages, "hub", "ann", true));
});

test("in an empty chat what comes first is new to who looks away", () => {
  const mark = marks().open();
  mark.update([], "hub", "ann", false);
  mark.update([message("a", "bob", 5)], "hub", "ann", false);
  assert.deepEqual([mark.unread, mark.divider], [1, "a"]);
});
