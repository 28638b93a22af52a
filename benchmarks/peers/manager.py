"""The usual ConnectionManager: a loop of `await send_text` over the connections of a channel."""

from __future__ import annotations

import sys
from collections import defaultdict

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


class ConnectionManager:
    """Who listens to what."""

    def __init__(self) -> None:
        self.active: defaultdict[str, list[WebSocket]] = defaultdict(list)

    async def broadcast(self, channel: str, message: str) -> None:
        for connection in self.active[channel]:
            await connection.send_text(message)

    def disconnect(self, websocket: WebSocket) -> None:
        for connections in self.active.values():
            if websocket in connections:
                connections.remove(websocket)


manager = ConnectionManager()


async def endpoint(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        first = await websocket.receive_text()
        for channel in first.split()[1:]:
            manager.active[channel].append(websocket)
        await websocket.send_text("ok")
        while True:
            channel, _, message = (await websocket.receive_text()).partition(" ")
            await manager.broadcast(channel, message)
    except WebSocketDisconnect:
        manager.disconnect(websocket)


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[WebSocketRoute("/", endpoint)]),
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
    )
