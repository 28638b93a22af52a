import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ChatMessage } from "../../src/connection/types.ts";
import { Chat, type Wire } from "../../src/feeds/chat.ts";
import type { Publication, Publisher } from "../../src/feeds/feed.ts";

interface Said {
  readonly user: string;
  readonly name: string;
  readonly time: number;
  readonly data: { readonly type: string };
}

interface Golden {
  readonly folds: readonly { readonly name: string; readonly publications: readonly Said[]; readonly messages: readonly object[] }[];
}

const GOLDEN = JSON.parse(readFileSync("../tests/golden/chat.json", "utf8")) as Golden;
const forever = new AbortController().signal;
const ann = { client: "c1", user: "ann", name: "Ann" };
const bob = { client: "c2", user: "bob", name: "Bob" };

class FakeWire implements Wire {
  readonly published: unknown[] = [];
  readonly asked: unknown[] = [];
  readonly told: unknown[] = [];
  answer: (data: unknown) => Promise<unknown> = () => Promise.resolve({ messages: [], more: false });

  publish(data: unknown): Promise<void> {
    return Promise.resolve(void this.published.push(data));
  }

  ask(method: string, data: unknown): Promise<unknown> {
    this.asked.push([method, data]);
    return this.answer(data);
  }

  tell(method: string, data: unknown): void {
    this.told.push([method, data]);
  }
}

const kept = (id: string, text = id) => ({ id, text, user: "ann", name: "Ann", time: 7 });

function chat(more = false): { feed: Chat; wire: FakeWire } {
  const wire = new FakeWire();
  const feed = new Chat("chat:desk", wire);
  feed.subscribed({ data: { kind: "chat", messages: [kept("a", "hi")], more }, offset: 1, wasRecovering: false, recovered: false });
  return { feed, wire };
}

const pub = (offset: number, data: unknown, info: Publisher | null = ann): Publication => ({ data, offset, timeMs: 1_000 + offset, info });
const ids = (feed: Chat) => feed.messages.map(({ id }) => id).join(" ");

/** A message as it is on the wire. */
function written({ timeMs, replyTo, reactions, command, ...rest }: ChatMessage): object {
  const all = {
    ...rest,
    time: timeMs,
    reply_to: replyTo,
    command: command && Object.fromEntries(Object.entries(command).filter(([, value]) => value !== null)),
    reactions: Object.fromEntries(reactions),
  };
  const isDefault = (value: unknown) => value === false || value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !isDefault(value)));
}

for (const { name, publications, messages } of GOLDEN.folds) {
  test(`forms leave the messages that every copy has: ${name}`, () => {
    const feed = new Chat("chat:desk", new FakeWire());
    feed.subscribed({ data: { kind: "chat", messages: [], more: false }, offset: 0, wasRecovering: false, recovered: false });
    publications.forEach(({ user, name, time, data }, i) => {
      feed.publication({ data, offset: i + 1, timeMs: time, info: { client: "c", user, name: name || user } });
      if (data.type !== "append") feed.publication({ data, offset: 0, timeMs: time, info: { client: "c", user, name: name || user } });
    });
    assert.equal(feed.status.bad, 0);
    assert.deepEqual(feed.messages.map(written), messages);
  });
}

test("a message that comes twice is there once", () => {
  const { feed } = chat();
  for (const offset of [2, 3]) feed.publication(pub(offset, { type: "message", id: "b", text: "x" }));
  assert.equal(ids(feed), "a b");
});

test("an id that somebody uses again, when the hub has let go of its message, takes nothing from that", () => {
  const { feed } = chat();
  feed.publication(pub(2, { type: "message", id: "b", text: "x" }, bob));
  const eve: Publisher = { client: "e", user: "eve", name: "Eve" };
  const again = [{ type: "message", id: "b", text: "y" }, { type: "edit", id: "b", text: "z" }, { type: "reaction", id: "b", emoji: "👍", on: true }, { type: "delete", id: "b" }];
  again.forEach((data, i) => feed.publication(pub(3 + i, data, eve)));
  assert.equal(ids(feed), "a b");
  const b = feed.find("b");
  assert.deepEqual([b?.text, b?.user, b?.reactions.size], ["x", "bob", 0]);
});

test("who said a message, and what became of it, is the hub's word and not the payload's", () => {
  const { feed } = chat();
  feed.publication(pub(2, { type: "message", id: "b", text: "x", user: "root", name: "Boss", edited: true, time: 5, reactions: { "👍": ["x"] } }, bob));
  const [, b] = feed.messages;
  assert.deepEqual([b?.user, b?.name, b?.edited, b?.timeMs, b?.reactions.size], ["bob", "Bob", false, 1_002, 0]);
});

test("what is said and done is published in the kind's forms", async () => {
  const { feed, wire } = chat();
  await feed.say({ id: "m1", text: "one", replyTo: "a", command: { name: "halt", state: "running", fraction: null, key: "k" } });
  await feed.edit("m1", "two", { name: "halt", state: "done", fraction: 0.5, key: null });
  await feed.edit("m1", "three");
  await feed.react("a", "👍", true);
  await feed.remove("m1");
  assert.deepEqual(wire.published, [
    { type: "message", id: "m1", text: "one", reply_to: "a", command: { name: "halt", state: "running", key: "k" } },
    { type: "edit", id: "m1", text: "two", command: { name: "halt", state: "done", fraction: 0.5 } },
    { type: "edit", id: "m1", text: "three" },
    { type: "reaction", id: "a", emoji: "👍", on: true },
    { type: "delete", id: "m1" },
  ]);
});

test("members are users, and one who left while presence was asked for does not come back", () => {
  const { feed } = chat();
  feed.crowd.asked();
  feed.crowd.joined({ ...ann, client: "c9" });
  feed.crowd.left(bob);
  feed.crowd.present([ann, bob]);
  assert.deepEqual(feed.members, [{ user: "ann", name: "Ann", clients: 2 }]);
});

test("an unknown form is counted and the chat stays as it is", () => {
  const { feed } = chat();
  for (const data of [{ type: "shout", id: "a" }, { id: "a" }, { type: "edit", id: "a" }, 4]) feed.publication(pub(0, data));
  assert.equal(feed.status.bad, 4);
  assert.equal(feed.messages[0]?.text, "hi");
});

test("typing is passed on and changes nothing", () => {
  const { feed, wire } = chat();
  const typing: string[] = [];
  feed.onTyping((user, name) => typing.push(`${user} ${name}`), forever);
  feed.publication(pub(0, { type: "typing" }, bob));
  feed.typing();
  assert.deepEqual(typing, ["bob Bob"]);
  assert.deepEqual(wire.told, [["rtwidgets.typing", { channel: "chat:desk" }]]);
  assert.deepEqual([ids(feed), feed.status.offset, feed.status.gaps], ["a", 1, 0]);
});

test("older messages come before those that are there, and what changed meanwhile stays changed", async () => {
  const { feed, wire } = chat(true);
  let answer: (page: unknown) => void = () => {};
  wire.answer = () => new Promise((resolve) => (answer = resolve));
  const asking = feed.older();
  assert.equal(feed.older(), asking, "one at a time");
  feed.publication(pub(2, { type: "edit", id: "a", text: "hello" }));
  feed.publication(pub(3, { type: "message", id: "b", text: "b" }));
  answer({ messages: [kept("y"), kept("z"), kept("a", "hi")], more: true });
  await asking;
  assert.deepEqual(wire.asked, [["rtwidgets.messages", { channel: "chat:desk", before: "a", limit: 100 }]]);
  assert.equal(ids(feed), "y z a b");
  assert.equal(feed.find("a")?.text, "hello");
  assert.equal(feed.more, true);
  wire.answer = () => Promise.resolve({ messages: [], more: true });
  await feed.older();
  assert.equal(feed.more, false, "a hub that has nothing to give is not asked for ever");
});

test("an answer that comes after a new snapshot is not taken", async () => {
  const { feed, wire } = chat(true);
  let answer: (page: unknown) => void = () => {};
  wire.answer = () => new Promise((resolve) => (answer = resolve));
  const asking = feed.older();
  feed.subscribed({ data: { kind: "chat", messages: [kept("q")], more: false }, offset: 900, wasRecovering: true, recovered: false });
  answer({ messages: [kept("z")], more: true });
  await asking;
  assert.deepEqual([ids(feed), feed.more], ["q", false]);
});

test("a refusal to give older messages is the asker's to show", async () => {
  const { feed, wire } = chat(true);
  wire.answer = () => Promise.reject(new Error("permission denied"));
  await assert.rejects(feed.older(), /permission denied/);
  wire.answer = () => Promise.resolve(7);
  await assert.rejects(feed.older(), /not an object/);
  assert.deepEqual([ids(feed), feed.more], ["a", true]);
});

test("a page keeps the newest messages and knows that there were others", () => {
  const { feed } = chat();
  for (let i = 0; i < 2_000; i++) feed.publication(pub(i + 2, { type: "message", id: `m${i}`, text: "x" }));
  assert.deepEqual([feed.messages.length, feed.messages[0]?.id, feed.more], [2_000, "m0", true]);
});

test("a message that its author broke off is left, whoever is there", () => {
  const { feed } = chat();
  feed.publication(pub(2, { type: "message", id: "b", text: "do not s", open: true }));
  feed.publication(pub(3, { type: "append", id: "b", done: true, interrupted: true }));
  const found = feed.find("b");
  assert.ok(found && feed.isLeft(found));
});

test("a message whose author's connection has gone is left, until more of it comes from another one", () => {
  const { feed } = chat();
  const late = { ...kept("late"), open: true, writer: "c9" };
  feed.subscribed({ data: { kind: "chat", messages: [kept("a"), late], more: false }, offset: 1, wasRecovering: false, recovered: false });
  const left = () => feed.messages.filter((message) => feed.isLeft(message)).map(({ id }) => id).join(" ");
  assert.equal(left(), "", "nobody knows yet who is there");
  feed.crowd.asked();
  feed.crowd.present([ann, bob]);
  assert.equal(left(), "late");
  feed.publication(pub(2, { type: "message", id: "b", text: "so", open: true }));
  feed.publication(pub(3, { type: "message", id: "c", text: "whole" }));
  assert.equal(left(), "late");
  feed.crowd.left(ann);
  assert.equal(left(), "late b");
  const again = { ...ann, client: "c3" };
  feed.crowd.joined(again);
  feed.publication(pub(4, { type: "append", id: "b", text: " far" }, again));
  assert.equal(left(), "late");
  feed.publication(pub(5, { type: "append", id: "b", text: "", done: true }, again));
  feed.crowd.left(again);
  assert.equal(left(), "late");
});
