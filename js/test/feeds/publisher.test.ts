import assert from "node:assert/strict";
import { test } from "node:test";
import { Members } from "../../src/feeds/members.ts";
import { publisherOf } from "../../src/feeds/publisher.ts";

test("a member's role is the hub's, from the channel, and never the token's name for it", () => {
  const liar = publisherOf("c1", "bob", { name: "Bob", role: "owner", guest: true }, { role: "viewer" });
  assert.deepEqual(liar, { client: "c1", user: "bob", name: "Bob", role: "viewer", guest: true });
  assert.deepEqual(publisherOf("c1", "bob", { role: "owner" }, null), { client: "c1", user: "bob", name: "bob" });
  assert.deepEqual(publisherOf("c1", "bob", null, { role: "admin" }), { client: "c1", user: "bob", name: "bob" });
});

test("who is there from several places has the highest of their roles", () => {
  const crowd = new Members(() => undefined);
  const from = (client: string, role: string) => publisherOf(client, "ann", { name: "Ann" }, { role });
  crowd.present([from("c1", "viewer"), from("c2", "owner"), from("c3", "editor")]);
  assert.deepEqual(crowd.list, [{ user: "ann", name: "Ann", clients: 3, role: "owner" }]);
  crowd.left(from("c2", "owner"));
  assert.equal(crowd.list[0]?.role, "editor");
});
