// The official JavaScript client when its token is revoked; run by test_revocation.py as
// `node revoked_client.mjs URL TOKEN`, from the folder that has node_modules. Prints what happens to it.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const { Centrifuge } = require("centrifuge");
const WebSocket = require("ws");

const [, , url, token] = process.argv;
const client = new Centrifuge(url, { websocket: WebSocket, token, minReconnectDelay: 10, maxReconnectDelay: 50 });
const say = (text) => process.stdout.write(`${text}\n`);
client.on("connecting", ({ code }) => say(`connecting ${code}`));
client.on("connected", () => say("connected"));
client.on("disconnected", ({ code }) => {
  say(`disconnected ${code}`);
  setTimeout(() => process.exit(0), 1500);
});
client.connect();
