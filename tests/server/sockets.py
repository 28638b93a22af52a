"""A plain WebSocket to a hub that speaks JSON lines."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from websockets.sync.client import ClientConnection, connect

from ..client.hub_process import token


class Line:
    """One connection; replies are found by their id, pushes are kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pushes: list[dict[str, Any]] = []
        self._id = 0

    def ask(self, **request: Any) -> dict[str, Any]:
        self._id += 1
        self.socket.send(json.dumps({"id": self._id, **request}))
        while True:
            for message in self.receive():
                if message.get("id") == self._id:
                    return message

    def receive(self, timeout: float = 5.0) -> list[dict[str, Any]]:
        messages = [json.loads(line) for line in str(self.socket.recv(timeout)).split("\n")]
        if {} in messages:  # a ping of the protocol
            self.socket.send("{}")
        self.pushes += [message["push"] for message in messages if "push" in message]
        return messages


class Reachable(Protocol):
    @property
    def port(self) -> int: ...


@contextmanager
def bare_line(
    hub: Reachable, host: str | None = None, plain: socket.socket | None = None, **options: Any
) -> Iterator[Line]:
    """Open a socket and send nothing.

    Args:
        host: What the Host header says, instead of where the hub is.
        plain: A socket of the test's own making, not connected yet.
    """
    url = f"ws://{host or f'127.0.0.1:{hub.port}'}/connection/websocket"
    plain = plain or socket.socket()
    plain.settimeout(5)
    plain.connect(("127.0.0.1", hub.port))
    with connect(url, sock=plain, max_size=None, compression=None, **options) as line:
        yield Line(line)


@contextmanager
def open_line(hub: Reachable, user: str = "ann", **options: Any) -> Iterator[Line]:
    """Open a socket and connect as an owner."""
    with bare_line(hub, **options) as line:
        reply = line.ask(connect={"token": token(user)})
        assert "connect" in reply, reply
        yield line
