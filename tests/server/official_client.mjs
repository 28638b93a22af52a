// The official JavaScript client against a hub; run by test_official_clients.py as
// `node official_client.mjs URL TOKEN`, from the folder that has node_modules.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const { Centrifuge } = require("centrifuge");
const WebSocket = require("ws");

const [, , url, token] = process.argv;
const channel = `official_${Date.now()}`;
const client = (options = {}) => new Centrifuge(url, { websocket: WebSocket, token, minReconnectDelay: 10, ...options });
const next = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

const ann = client();
const bob = client();
for (const each of [ann, bob]) {
  each.connect();
  await each.ready(5000);
}

// Publications, history, presence.
const sub = ann.newSubscription(channel);
const seen = [];
sub.on("publication", (ctx) => seen.push(ctx.data.n));
sub.subscribe();
await sub.ready(5000);
await bob.publish(channel, { n: 1 });
await bob.publish(channel, { n: 2 });
while (seen.length < 2) await next(sub, "publication");
const history = await bob.history(channel, { limit: 1, reverse: true });
assert.deepEqual(history.publications.map((publication) => publication.data.n), [2]);
const { clients } = await sub.presence();
assert.equal(Object.keys(clients).length, 1);
assert.deepEqual(await sub.presenceStats(), { numClients: 1, numUsers: 1 });

// Join and leave.
const other = bob.newSubscription(channel);
const joined = next(sub, "join");
other.subscribe();
assert.equal((await joined).info.user, "ann");
const left = next(sub, "leave");
other.unsubscribe();
await left;

// What is missed while the socket is away is recovered.
const recovered = next(sub, "subscribed");
ann.disconnect();
await bob.publish(channel, { n: 3 });
ann.connect();
assert.equal((await recovered).recovered, true);
while (seen.length < 3) await next(sub, "publication");
assert.deepEqual(seen, [1, 2, 3]);

// What the log no longer has is said to be gone.
const small = ann.newSubscription(`smallhistory:${channel}`);
small.subscribe();
await small.ready(5000);
const lost = next(small, "subscribed");
ann.disconnect();
for (let n = 0; n < 5; n++) await bob.publish(`smallhistory:${channel}`, { n });
ann.connect();
const again = await lost;
assert.equal(again.wasRecovering, true);
assert.equal(again.recovered, false);

// Errors and refusals have the protocol's numbers.
await assert.rejects(bob.rpc("nothing", {}), { code: 108 });
await assert.rejects(bob.publish("nowhere:a", {}), { code: 102 });
const refused = client({ token: "nonsense" });
const gone = next(refused, "disconnected");
refused.connect();
assert.equal((await gone).code, 3500);

ann.disconnect();
bob.disconnect();
process.stdout.write("ok\n");
