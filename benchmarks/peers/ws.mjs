// Node `ws`: a loop over the sockets of a channel.
import { WebSocketServer } from "ws";

const channels = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });

server.on("connection", (socket) => {
  let subscribed = null;
  socket.on("message", (data) => {
    const text = data.toString();
    if (subscribed === null) {
      subscribed = text.split(" ").slice(1);
      for (const name of subscribed) {
        if (!channels.has(name)) channels.set(name, new Set());
        channels.get(name).add(socket);
      }
      socket.send("ok");
      return;
    }
    const cut = text.indexOf(" ");
    // A buffer is turned into bytes once for all sockets.
    const message = Buffer.from(text.slice(cut + 1));
    for (const reader of channels.get(text.slice(0, cut)) ?? []) reader.send(message, { binary: false });
  });
  socket.on("close", () => {
    for (const name of subscribed ?? []) channels.get(name).delete(socket);
  });
});
