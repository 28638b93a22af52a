"""python-socketio on uvicorn: rooms and `emit`."""

from __future__ import annotations

import sys

import socketio
import uvicorn

# Handlers that are awaited in turn keep the order of messages and hold back a publisher that is too fast.
server = socketio.AsyncServer(
    async_mode="asgi", transports=["websocket"], http_compression=False, async_handlers=False
)


@server.event
async def sub(sid: str, channels: list[str]) -> str:
    for channel in channels:
        await server.enter_room(sid, channel)
    return "ok"


@server.event
async def pub(sid: str, channel: str, message: str) -> None:
    await server.emit("m", message, room=channel)


if __name__ == "__main__":
    uvicorn.run(
        socketio.ASGIApp(server),
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
    )
