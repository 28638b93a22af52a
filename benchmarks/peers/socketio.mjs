// Node `socket.io`: rooms and `emit`.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  maxHttpBufferSize: 16 * 1024 * 1024,
});

io.on("connection", (socket) => {
  socket.on("sub", (channels, reply) => {
    socket.join(channels);
    reply("ok");
  });
  socket.on("pub", (channel, message) => io.to(channel).emit("m", message));
});

http.listen(Number(process.argv[2]), "127.0.0.1");
