import assert from "node:assert/strict";
import { test } from "node:test";
import { noticesOf } from "../../src/connection/own_notices.ts";
import type { HubEvent } from "../../src/connection/types.ts";
import { entryOf, matchesFilter, type Entry } from "../../src/lib/entry.ts";
import { LogLines } from "../../src/lib/log_lines.ts";
import { noticeHead, noticeOf } from "../../src/lib/notice_view.ts";
import { showAsToasts, showOwnNotices } from "../../src/lib/page_notices.ts";
import { ToastStack } from "../../src/lib/toast_stack.ts";
import { FakeConnection } from "../harness/fake.ts";

let made = 0;
function event(data: unknown, more: Partial<HubEvent> = {}): HubEvent {
  return { id: ++made, data, timeMs: 1_000 + made, user: "bob", name: "Bob", ...more };
}

test("an event of any form has a line", () => {
  const line = entryOf(event({ level: "warning", text: "wide", spread: 5.25, who: null }));
  assert.deepEqual([line.level, line.text, line.who], ["warning", "wide", "Bob"]);
  assert.deepEqual(line.fields, [["spread", "5.25"], ["who", "–"]]);
  assert.equal(entryOf(event({ msg: "m" })).text, "m");
  assert.deepEqual(["x", 7, true, null, [1, 2]].map((data) => entryOf(event(data)).text), ["x", "7", "yes", "–", "[1,2]"]);
  const bare = entryOf(event({ a: { b: 1 } }));
  assert.deepEqual([bare.text, bare.fields], ["", [["a", '{"b":1}']]]);
});

test("levels have other names, and one that is none is info", () => {
  const levels = ["WARN", "critical", "trace", "success", "loud", 7, undefined].map((level) => entryOf(event({ text: "x", level })).level);
  assert.deepEqual(levels, ["warning", "error", "debug", "success", "info", "info", "info"]);
});

test("what is too long or too much is cut", () => {
  const line = entryOf(event({ text: "x".repeat(9_000), ...Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`f${i}`, "y".repeat(999)])) }));
  assert.equal(line.text.length, 4_000);
  assert.equal(line.fields.length, 24);
  assert.equal(line.fields[0]?.[1].length, 400);
});

test("names that come from data are no names of ours", () => {
  const line = entryOf(event(JSON.parse('{"__proto__": 1, "constructor": 2, "text": "x"}')));
  assert.deepEqual(line.fields, [["__proto__", "1"], ["constructor", "2"]]);
  assert.equal(entryOf(event("x", { name: "A\u202eB" })).who, "A\ufffdB");
});

test("a filter takes lines of a level and up that have all its words", () => {
  const line = entryOf(event({ level: "warning", text: "Spread above 5", symbol: "ACME" }));
  assert.ok(matchesFilter(line, "debug", ""));
  assert.ok(matchesFilter(line, "warning", "acme SPREAD"));
  assert.ok(matchesFilter(line, "warning", "bob"));
  assert.ok(!matchesFilter(line, "error", ""));
  assert.ok(!matchesFilter(line, "debug", "acme down"));
});

test("at the end a log follows; a reader who left it keeps the lines in sight and is told how many came", () => {
  const log = new LogLines();
  const events = Array.from({ length: 600 }, (_, i) => event(i));
  log.update(events);
  assert.equal(log.lines.length, 500);
  const first = log.lines[0]?.id;
  log.follow(false);
  events.push(event("a"), event("b"));
  log.update(events);
  assert.deepEqual([log.unread, log.lines[0]?.id, log.lines.length], [2, first, 502]);
  log.follow(true);
  log.update(events);
  assert.deepEqual([log.unread, log.lines.length, log.lines.at(-1)?.text], [0, 500, "b"]);
});

test("lines that the channel has let go of go, also under a reader's eyes", () => {
  const log = new LogLines();
  const events = Array.from({ length: 10 }, (_, i) => event(i));
  log.update(events);
  log.follow(false);
  log.update(events.slice(5));
  assert.equal(log.lines.length, 5);
});

test("only lines that the filter lets through count as new", () => {
  const log = new LogLines();
  const events = [event({ level: "error", text: "x" })];
  log.least = "error";
  log.update(events);
  log.follow(false);
  events.push(event({ text: "quiet" }), event({ level: "error", text: "loud" }));
  log.update(events);
  assert.deepEqual([log.unread, log.lines.map(({ text }) => text)], [1, ["x", "loud"]]);
});

const notice = (text: string, level = "info"): Entry => entryOf(event({ text, level }));

test("at most four toasts, and what has to be seen stays longest", () => {
  const stack = new ToastStack();
  for (const [text, level] of [["a", "error"], ["b", "info"], ["c", "info"], ["d", "error"], ["e", "info"]] as const) stack.add(notice(text, level));
  assert.deepEqual(stack.toasts.map(({ entry }) => entry.text), ["a", "c", "d", "e"]);
  for (const text of ["f", "g", "h"]) stack.add(notice(text, "error"));
  assert.deepEqual(stack.toasts.map(({ entry }) => entry.text), ["d", "f", "g", "h"]);
});

test("toasts go when their time has passed; an error waits for a hand", () => {
  const stack = new ToastStack();
  stack.add(notice("a"));
  stack.add(notice("b", "warning"));
  stack.add(notice("c", "error"));
  assert.equal(stack.nextMs, 6_000);
  stack.pass(6_000);
  assert.deepEqual(stack.toasts.map(({ entry }) => entry.text), ["b", "c"]);
  stack.pass(6_000);
  assert.deepEqual([stack.toasts.map(({ entry }) => entry.text), stack.nextMs], [["c"], Number.POSITIVE_INFINITY]);
  stack.dismiss(stack.toasts[0]?.key ?? 0);
  assert.equal(stack.toasts.length, 0);
});

test("the same again is counted, and stays as long as a new one", () => {
  const stack = new ToastStack();
  stack.add(notice("a"));
  stack.pass(5_000);
  stack.add(notice("a"));
  stack.add(notice("a", "warning"));
  assert.deepEqual(stack.toasts.map(({ count, leftMs }) => [count, leftMs]), [[2, 6_000], [1, 12_000]]);
});

test("a channel shows each new event as one toast, however many widgets ask, until the last of them ends", () => {
  const connection = new FakeConnection("toasts");
  const shown: string[] = [];
  const [first, second] = [new AbortController(), new AbortController()];
  for (const { signal } of [first, second]) showAsToasts(connection, "event:a", signal, ({ text }) => shown.push(text));
  connection.event("event:a").receive("one");
  first.abort();
  connection.event("event:a").receive("two");
  second.abort();
  connection.event("event:a").receive("three");
  assert.deepEqual(shown, ["one", "two"]);
  showAsToasts(connection, "event:a", new AbortController().signal, ({ text }) => shown.push(text));
  connection.event("event:a").receive("four");
  assert.deepEqual(shown, ["one", "two", "four"]);
});

test("what is private, and what it is about, is told in the user's own channel alone; without a text there is no notice", () => {
  const connection = new FakeConnection("private");
  const shown: string[] = [];
  const [session, own] = ["event:desk/notices", "event:rtwidgets.notices#ann"];
  for (const channel of [session, own]) showAsToasts(connection, channel, new AbortController().signal, (entry) => shown.push(`${noticeHead(entry)}: ${entry.text}`));
  const direct = { type: "direct", channel: "chat:desk#ann,bob", text: "wrote to you" };
  const mention = { type: "mention", channel: "chat:desk", text: "mentioned you" };
  for (const channel of [session, own]) for (const said of [direct, mention]) connection.event(channel).receive(said);
  assert.deepEqual(shown, ["Bob Stone: wrote to you", "Bob Stone: mentioned you", "Bob Stone, to you: wrote to you", "Bob Stone mentioned you in desk: mentioned you"]);
  for (const nothing of [{ text: 5 }, { level: "error" }, { text: "" }, { text: " \u200b\u202e " }, "", null, {}]) connection.event(session).receive(nothing);
  assert.equal(shown.length, 4);
  assert.equal(noticeOf(event({ text: 5 }), own), null);
  // A bell asks for a hundred of them at each that comes.
  const once = event({ text: "read once" });
  assert.equal(noticeOf(once, own), noticeOf(once, own));
});

test("the user's own notices are followed once the user is known", () => {
  const connection = new FakeConnection("own");
  connection.setStatus({ phase: "connecting" });
  const taken: string[] = [];
  const event = connection.event.bind(connection);
  connection.event = (channel) => {
    taken.push(channel);
    return event(channel);
  };
  showOwnNotices(connection, new AbortController().signal);
  assert.deepEqual(taken, []);
  connection.setStatus({ phase: "live" });
  connection.setStatus({ phase: "connecting" });
  connection.setStatus({ phase: "live" });
  assert.deepEqual(taken, ["event:rtwidgets.notices#ann"]);
});

test("a user whose name can stand in no channel name has no notices", () => {
  assert.equal(noticesOf("guest-1f"), "event:rtwidgets.notices#guest-1f");
  for (const user of ["", "a,b", "a#b", "a b", "ä", "x".repeat(300)]) assert.equal(noticesOf(user), null, user);
});
