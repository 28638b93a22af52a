"""The WebSocket endpoint: moves frames between a socket and the core."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from ..core import Connection, Hub
from ..core.figures import Transport
from ..protocol import codes
from ..protocol.names import RELAY_PROGRAM
from .addresses import Addresses
from .drain import Drain
from .frames import EXTENSION
from .gate import refuse
from .logs import connection_ended
from .outlets import FRAME_BYTES, Outlet, Outlets

JSON_SUBPROTOCOL = "centrifuge-json"
PROTOBUF_SUBPROTOCOL = "centrifuge-protobuf"
# A connection with one of these ends broke the rules of the wire.
FAULTS = (codes.BAD_FRAME, codes.TOO_MANY_COMMANDS)


class WebSocketEndpoint:
    """Serve `/connection/websocket`.

    Args:
        outlets: Writes to the sockets whose transport can be taken over.
        drain: Says whether the hub is going down.
        addresses: Counts what each address does.
    """

    def __init__(self, hub: Hub, outlets: Outlets, drain: Drain, addresses: Addresses) -> None:
        self._hub = hub
        self._outlets = outlets
        self._drain = drain
        self._addresses = addresses
        self._now = outlets.now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        if self._drain.is_on:
            await refuse(scope, receive, send, 503, "this hub is going down: connect again in a moment")
            return
        offered = scope.get("subprotocols", [])
        if PROTOBUF_SUBPROTOCOL in offered:
            await refuse(scope, receive, send, 400, "this hub speaks the JSON encoding only")
            return
        subprotocol = JSON_SUBPROTOCOL if JSON_SUBPROTOCOL in offered else None
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        extension = scope.get("extensions", {}).get(EXTENSION)
        if extension is None:
            socket = _Socket(self._hub, self._now, receive, send, transport_of(scope))
            await socket.run()
            broke_rules = socket.connection.closing in FAULTS
        else:
            outlet = Outlet(self._hub, self._outlets)
            outlet.connection.transport = transport_of(scope)
            outlet.attach(extension["take_over"](outlet, self._hub.rules.limits.fragments_per_message))
            await outlet.lost
            broke_rules = outlet.had_fault or outlet.connection.closing in FAULTS
        if broke_rules:
            self._addresses.note_fault(self._addresses.of(scope))


def transport_of(scope: Scope) -> Transport:
    """Say how a client reaches the hub: only browsers send an Origin, only kernels name the relay."""
    headers = Headers(scope=scope)
    if "origin" in headers:
        return "direct"
    return "relay" if headers.get("user-agent") == RELAY_PROGRAM else "client"


class _Socket:
    """One accepted socket: the endpoint's own task reads, one more task writes."""

    def __init__(
        self, hub: Hub, now: Callable[[], float], receive: Receive, send: Send, transport: Transport
    ) -> None:
        self._now = now
        self._receive = receive
        self._send = send
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._opened_at = now()
        self.connection: Connection = hub.open(self._wake.set, self._opened_at)
        self.connection.transport = transport
        self._send_timeout_s = hub.rules.limits.send_timeout_s or None

    async def run(self) -> None:
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.connection.end(self._now())
            connection_ended(self.connection, self._now() - self._opened_at)
            for task in (reader, writer):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError, TimeoutError):
                    await task

    async def _read(self) -> None:
        connection = self.connection
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            frame = message.get("bytes") or b"" if text is None else text.encode()
            connection.receive([frame], self._now())
            while connection.congested:
                self._sent.clear()
                await self._sent.wait()
                connection.resume(self._now())

    async def _write(self) -> None:
        connection = self.connection
        while True:
            await self._wake.wait()
            self._wake.clear()
            # Commands that waited for their time may go on.
            self._sent.set()
            while (frame := connection.take(FRAME_BYTES, self._now())) is not None:
                # A peer that reads nothing must not hold its socket and memory for ever.
                async with asyncio.timeout(self._send_timeout_s):
                    await self._send({"type": "websocket.send", "text": frame.decode()})
                self._sent.set()
            if connection.closing is not None:
                code, reason = connection.closing
                async with asyncio.timeout(self._send_timeout_s):
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
                return
