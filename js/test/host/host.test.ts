// The hub's page without a page: what it reads, and what it says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aboutHub } from "../../src/host/admin_page.ts";
import { readAdmission, readInvite, readRefusal } from "../../src/host/join.ts";
import { readSessions } from "../../src/host/lobby_page.ts";
import { PagePort } from "../../src/host/page_port.ts";
import { inOrder, initials, type Person } from "../../src/lib/faces.ts";
import { sessionOf, whatIsMissing } from "../../src/host/session_page.ts";
import { endedWords, ENDED, NO_ADMIN, NO_LINK, NO_SIGN_IN, overWords, refusalWords, REVOKED, roleWords } from "../../src/host/words.ts";

const NOW = Date.UTC(2026, 10, 25, 12);
const REASONS = ["invalid", "expired", "revoked", "no_session", "no_name", "busy", "away", "from a newer hub"];

test("each way to be kept out has words of its own, and those that pass are tried again", () => {
  const words = REASONS.map((reason) => refusalWords({ reason, message: "the hub's words", expiredAtMs: null }, NOW));
  assert.equal(new Set(words.map(({ title }) => title)).size, REASONS.length);
  assert.equal(words.at(-1)?.text, "the hub's words");
  assert.deepEqual(REASONS.filter((_, i) => words[i]?.passing), ["no_session", "busy", "away"]);
});

test("a link that has expired says when", () => {
  const text = (at: number) => refusalWords({ reason: "expired", message: "", expiredAtMs: at }, NOW).text;
  assert.match(text(NOW - 3_600_000), /until \d?\d:\d\d/);
  assert.match(text(NOW - 3 * 86_400_000), /2026/);
});

test("access that ended says why", () => {
  assert.match(endedWords(REVOKED, NOW + 1, NOW).title, /revoked/);
  assert.match(endedWords(ENDED, NOW - 1, NOW).text, /until/);
  assert.match(endedWords(ENDED, NOW + 1, NOW).text, /started anew/);
  assert.match(endedWords("connection limit (code 3504)", NOW + 1, NOW).text, /connection limit/);
  // What may be good again after a reload is kept.
  assert.deepEqual([REVOKED, ENDED, "other"].map((why) => endedWords(why, NOW + 1, NOW).final ?? false), [true, true, false]);
});

test("who was in by a link that is worth nothing now is told so, and how to come in again", () => {
  for (const without of [NO_LINK, NO_SIGN_IN, NO_ADMIN]) {
    const { title, text } = overWords(without);
    assert.notEqual(title, without.title);
    assert.ok(text.includes("expired or was revoked") && text.endsWith(without.text));
  }
});

test("the hub's reason becomes ours", () => {
  const port = new PagePort({ token: "t", expiresAtMs: NOW, user: "u", name: "", session: "", role: "" }, () => assert.fail());
  assert.equal(port.refused("token revoked"), REVOKED);
  assert.equal(port.refused("invalid token"), ENDED);
  port.askToken();
  assert.equal(port.problem, ENDED);
});

test("every role is said", () => {
  assert.deepEqual(["viewer", "editor", "owner"].map((role) => /look|editor|owner/.exec(roleWords(role))?.[0]), ["look", "editor", "owner"]);
});

test("an admission is read with care", () => {
  const whole = { token: "t", expires_at_ms: 5, user: "u", name: "Ann", session: "morning", role: "viewer" };
  assert.deepEqual(readAdmission(whole), { token: "t", expiresAtMs: 5, user: "u", name: "Ann", session: "morning", role: "viewer" });
  assert.deepEqual(readAdmission({ token: "t", expires_at_ms: 5, name: 7 })?.name, "");
  for (const bad of [null, 1, "t", [], {}, { token: 1, expires_at_ms: 5 }, { token: "t", expires_at_ms: "5" }]) assert.equal(readAdmission(bad), null);
});

test("a refusal is read with care, also when a proxy answers", () => {
  assert.deepEqual(readRefusal({ error: "no", reason: "expired", expired_at_ms: 9 }, 403), { reason: "expired", message: "no", expiredAtMs: 9 });
  assert.equal(readRefusal({ error: "more than 10 invites" }, 429).reason, "busy");
  assert.equal(readRefusal(null, 502).reason, "away");
  assert.equal(readRefusal("<html>", 404).message, "the hub answered with status 404");
});

test("what an invite says of itself is read, and rubbish is none", () => {
  const jwt = (claims: unknown) => `a.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c`;
  assert.deepEqual(readInvite(jwt({ invite: { session: "mörning", role: "viewer" } })), { session: "mörning", role: "viewer" });
  assert.deepEqual(readInvite(jwt({ invite: { user: "ann" } })), { session: "", role: "" });
  for (const bad of ["", "a.b.c", "x", jwt(null), jwt({}), jwt({ invite: "x" })]) assert.equal(readInvite(bad), null, bad);
});

test("the address names the session", () => {
  assert.equal(sessionOf("/s/morning"), "morning");
  assert.equal(sessionOf("/desk/hub/s/a%20b"), "a b");
  assert.equal(sessionOf("/s/%E0%A4%A"), "%E0%A4%A");
});

test("what is missing is said, once it is known to be", () => {
  assert.equal(whatIsMissing("waiting", false, false, false), "");
  assert.match(whatIsMissing("refused", false, false, false), /not for this session/);
  assert.match(whatIsMissing("live", false, false, false), /not there now/);
  assert.match(whatIsMissing("live", true, false, true), /has ended/);
  assert.match(whatIsMissing("live", true, true, false), /Nothing is shown/);
  assert.equal(whatIsMissing("live", true, true, true), "");
  assert.equal(whatIsMissing("waiting", true, true, true), "");
});

test("people stand in an order that does not change with each join", () => {
  const person = (user: string, role: Person["role"], name = user): Person => ({ user, name, role: role ?? null, clients: 1 });
  const people = [person("v", "viewer"), person("e", "editor"), person("o", "owner"), person("me", "viewer"), person("a", "viewer")];
  assert.deepEqual(inOrder(people, "me").map(({ user }) => user), ["me", "o", "e", "a", "v"]);
});

test("initials are letters of the name", () => {
  for (const [name, shown] of [["Ann Lee", "AL"], ["root", "R"], ["Tomás Vega (guest)", "TV"], ["李小龙", "李"], ["", "?"], ["a.b-c", "AC"], ["👩‍🚀 Zoë", "👩Z"]]) {
    assert.equal(initials(name ?? ""), shown);
  }
});

test("a list of sessions is read with care, fullest first", () => {
  const session = { name: "a", title: "A", owner: "ann", owner_name: "Ann", role: "viewer", created_ms: 1, members: [{ user: "b", name: "Bob", connections: 2 }, 7], member_count: 1 };
  const read = readSessions({ sessions: [{ name: "b" }, session, null, "x"] });
  assert.deepEqual(read.map(({ name, owner, count, members }) => [name, owner, count, members.length]), [["a", "Ann", 1, 1], ["b", "", 0, 0]]);
  for (const bad of [null, {}, { sessions: 7 }, []]) assert.deepEqual(readSessions(bad), []);
});

test("an admin's page says which hub it is, and leaves out what it does not know", () => {
  assert.equal(aboutHub({ version: "1.2", uptime_s: 7200 }, "hub.example"), "hub.example · rtwidgets 1.2 · up 2 h");
  assert.equal(aboutHub({ version: 1 }, "hub.example"), "hub.example");
  assert.equal(aboutHub(null, "hub.example"), "hub.example");
});
