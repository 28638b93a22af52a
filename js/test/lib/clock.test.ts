import assert from "node:assert/strict";
import { test } from "node:test";
import { RemoteClock } from "../../src/lib/clock.ts";

test("an unknown clock is the page's", () => {
  assert.equal(new RemoteClock().now(500), 500);
});

test("the fastest arrival sets the clock", () => {
  const clock = new RemoteClock();
  clock.observe(900, 1000);
  clock.observe(1000, 1020);
  clock.observe(1100, 1300);
  assert.equal(clock.now(2000), 1980);
});

test("a lag that no longer holds is forgotten", () => {
  const clock = new RemoteClock();
  clock.observe(1000, 1000);
  // The publisher's clock was set back by an hour.
  for (let page = 2000; page < 80_000; page += 1000) clock.observe(page - 3_600_000, page);
  assert.equal(clock.now(80_000), 80_000 - 3_600_000);
});
