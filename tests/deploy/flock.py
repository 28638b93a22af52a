"""Many sockets behind the front that keep account of everything, in one process and one event loop."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from rtwidgets.client.backoff import Backoff

from ..client.hub_process import token
from .front import NAME, ORIGIN, Front

# The front lets an address have 64.
PER_ADDRESS = 50
CONNECT, SUBSCRIBE, PUBLISH = 1, 2, 10


class Member:
    """Follows a channel by position over every break, and may write into it.

    Args:
        rate: Publications that it writes in a second, each a number, one higher than the last.
    """

    def __init__(self, front: Front, number: int, channel: str, rate: float = 0) -> None:
        self.channel = channel
        # What was published, in the order in which it came, and why connections ended.
        self.seen: list[int] = []
        self.codes: list[int] = []
        self.refused: list[str] = []
        self.unrecovered = 0
        self.faults: list[object] = []
        self.back_at = 0.0
        self.said = self.acknowledged = 0
        self._front = front
        self._address = f"127.0.0.{10 + number // PER_ADDRESS}"
        self._token = token(f"user{number}")
        self._rate = rate
        self._producer = uuid.uuid4().hex
        self._position: dict[str, Any] = {}
        self._socket: ClientConnection | None = None

    @property
    def is_online(self) -> bool:
        return self._socket is not None

    async def follow(self) -> None:
        """Be connected, until cancelled."""
        backoff = Backoff(random.random)
        context = self._front.certificates.trusting()
        while True:
            try:
                async with connect(
                    f"wss://{NAME}/connection/websocket",
                    host="127.0.0.1",
                    port=self._front.port,
                    local_addr=(self._address, 0),
                    ssl=context,
                    origin=Origin(ORIGIN),
                    compression=None,
                    ping_interval=None,
                    proxy=None,
                    max_size=None,
                ) as socket:
                    backoff.reset()
                    await self._live(socket)
            except ConnectionClosed as closed:
                self.codes.append(closed.rcvd.code if closed.rcvd else 1006)
            except (InvalidHandshake, OSError, TimeoutError) as error:
                # In a browser this, too, is code 1006.
                self.refused.append(repr(error))
            finally:
                self._socket = None
            await asyncio.sleep(backoff.next())

    async def write(self) -> None:
        """Publish at the rate, until cancelled; what is not acknowledged is sent again after a break."""
        while True:
            await asyncio.sleep(1 / self._rate)
            self.said += 1
            if self._socket is not None:
                await self._publish(self._socket, self.said)

    async def _live(self, socket: ClientConnection) -> None:
        wish = {"channel": self.channel, **self._position}
        commands = [{"id": CONNECT, "connect": {"token": self._token}}, {"id": SUBSCRIBE, "subscribe": wish}]
        await socket.send("\n".join(map(json.dumps, commands)))
        async for frame in socket:
            for line in str(frame).split("\n"):
                await self._take(socket, json.loads(line))

    async def _take(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        if not message:
            await socket.send("{}")
            return
        if "error" in message:
            self.faults.append(message)
        elif "push" in message:
            self._note(message["push"]["pub"])
        elif message["id"] == SUBSCRIBE:
            await self._subscribed(socket, message["subscribe"])
        elif message["id"] >= PUBLISH:
            self.acknowledged = max(self.acknowledged, message["id"] - PUBLISH)

    async def _subscribed(self, socket: ClientConnection, reply: dict[str, Any]) -> None:
        if self._position and not reply.get("recovered"):
            self.unrecovered += 1
        offset = self._position.get("offset", reply.get("offset", 0))
        self._position = {"recover": True, "epoch": reply["epoch"], "offset": offset}
        for publication in reply.get("publications", []):
            self._note(publication)
        for number in range(self.acknowledged + 1, self.said + 1):
            await self._publish(socket, number)
        self._socket = socket
        self.back_at = time.monotonic()

    async def _publish(self, socket: ClientConnection, number: int) -> None:
        batch = {
            "producer": self._producer,
            "seq": number,
            "items": [{"channel": self.channel, "data": number}],
        }
        request = {"id": PUBLISH + number, "rpc": {"method": "rtwidgets.publish", "data": batch}}
        try:
            await socket.send(json.dumps(request))
        except ConnectionClosed:
            pass  # it is sent again

    def _note(self, publication: dict[str, Any]) -> None:
        self.seen.append(publication["data"])
        self._position["offset"] = publication["offset"]
