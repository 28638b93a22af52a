"""`websockets.broadcast` over the connections of a channel."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections import defaultdict

from websockets.asyncio.server import ServerConnection, broadcast, serve

active: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def handler(connection: ServerConnection) -> None:
    first = str(await connection.recv())
    for channel in first.split()[1:]:
        active[channel].add(connection)
    await connection.send("ok")
    async for text in connection:
        channel, _, message = str(text).partition(" ")
        broadcast(active[channel], message)
    for connections in active.values():
        connections.discard(connection)


async def main(port: int) -> None:
    async with serve(handler, "127.0.0.1", port, compression=None, ping_interval=None):
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    try:
        run = importlib.import_module("uvloop").run
    except ImportError:
        run = asyncio.run
    run(main(int(sys.argv[1])))
