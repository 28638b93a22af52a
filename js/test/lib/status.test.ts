import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionStatus, FeedStatus } from "../../src/connection/types.ts";
import { FakeConnection } from "../harness/fake.ts";
import { KERNEL_GRACE_MS, describeStatus, statusDetails, whileEmpty } from "../../src/lib/status.ts";

const LIVE: ConnectionStatus = { phase: "live", transport: "direct", reason: null, changes: 0 };
const FEED: FeedStatus = { phase: "live", reason: null, lastTimeMs: 1000, offset: 7, gaps: 0, repeats: 0, lost: 0, bad: 0, merged: 0, skipped: 0, maxHz: null };
const say = (connection: ConnectionStatus | null, feed: FeedStatus | null, nowMs = 0, ageMs: number | null = 210) => {
  const { tone, state, age } = describeStatus({ connection, withoutSinceMs: 0, feed, ageMs, nowMs, absent: "no kernel" });
  return [tone, state, age];
};

test("each state says what it is and why", () => {
  assert.deepEqual(say(null, null, 10), ["waiting", "connecting…", ""]);
  assert.deepEqual(say(null, null, KERNEL_GRACE_MS), ["down", "no kernel", ""]);
  assert.deepEqual(say({ ...LIVE, phase: "connecting", transport: null }, null), ["waiting", "connecting…", ""]);
  const away = "the hub is away; trying again";
  assert.deepEqual(say({ ...LIVE, phase: "connecting", transport: null, reason: away, detail: "transport closed (code 1)" }, null), ["waiting", away, ""]);
  assert.deepEqual(say({ ...LIVE, phase: "down", reason: "refused the token" }, FEED), ["down", "the hub ended the connection: refused the token; run the cell again", ""]);
  assert.deepEqual(say(LIVE, { ...FEED, phase: "refused", reason: "permission denied" }), ["down", "refused: permission denied", ""]);
  assert.deepEqual(say(LIVE, { ...FEED, phase: "waiting" }), ["waiting", "subscribing…", ""]);
  assert.deepEqual(say(LIVE, FEED), ["live", "live · direct", "0.2 s"]);
  assert.deepEqual(say({ ...LIVE, transport: "relay" }, FEED, 0, null), ["live", "live · relay", ""]);
});

test("details name the offset, gaps, repeats and what was not recovered", () => {
  const rows = new Map(statusDetails("stream:a", { ...LIVE, reason: "blocked", detail: "transport closed (code 1)" }, { ...FEED, gaps: 2, lost: 1, bad: 3 }, 500));
  assert.equal(rows.get("offset"), "7");
  assert.equal(rows.get("gaps"), "2");
  assert.equal(rows.get("not recovered"), "1");
  assert.equal(rows.get("unusable"), "3");
  assert.equal(rows.get("note"), "blocked");
  assert.equal(rows.get("detail"), "transport closed (code 1)");
});

test("an empty widget says why it is empty", () => {
  const link = (phase: FeedStatus["phase"], savedAtMs: number | null = null) => {
    const feed = new FakeConnection("empty").stream("stream:a");
    feed.setStatus({ phase });
    return { feed, savedAtMs };
  };
  assert.equal(whileEmpty(link("waiting"), "waiting for data…"), "waiting for data…");
  assert.equal(whileEmpty({ feed: null, savedAtMs: null }, "waiting for data…"), "waiting for data…");
  assert.equal(whileEmpty(link("refused"), "waiting for data…"), "");
  assert.equal(whileEmpty(link("live", 1), "waiting for data…"), "there was no data yet");
});

test("the details say what the hub holds back", () => {
  const rows = statusDetails("table:t", LIVE, { ...FEED, maxHz: 10, merged: 1234, skipped: 5 }, 0);
  assert.deepEqual(rows.filter(([label]) => ["updates", "merged", "skipped"].includes(label)), [
    ["updates", "at most 10 a second"],
    ["merged", "1,234 updates into later ones"],
    ["skipped", "5 while out of sight"],
  ]);
});

test("what was saved says of when it is, unless the hub says no", () => {
  const now = new Date(2026, 10, 25, 16, 5).getTime();
  const saved = (savedAtMs: number, connection: ConnectionStatus | null = null, feed: FeedStatus | null = null) => {
    const { tone, state, age } = describeStatus({ connection, withoutSinceMs: 0, feed, ageMs: null, nowMs: now, savedAtMs, absent: "no kernel" });
    return [tone, state, age];
  };
  assert.deepEqual(saved(now - 2 * 3_600_000 - 120_000), ["saved", "as of 14:03,", "2 h ago"]);
  assert.deepEqual(saved(now - 26 * 3_600_000), ["saved", "as of 24 Nov 14:05,", "1 d ago"]);
  assert.deepEqual(saved(now, { ...LIVE, phase: "connecting", transport: null }), ["saved", "as of 16:05,", "0.0 s ago"]);
  assert.deepEqual(saved(now, LIVE, { ...FEED, phase: "waiting" }), ["saved", "as of 16:05,", "0.0 s ago"]);
  assert.equal(saved(now, LIVE, { ...FEED, phase: "refused", reason: "permission denied" })[1], "refused: permission denied");
  assert.equal(saved(now, { ...LIVE, phase: "down", reason: "revoked" })[0], "down");
});
