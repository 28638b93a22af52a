"""How each server is spoken to: hello, publish, ping and pong, as bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .frames import BINARY, TEXT, frame
from .payload import template


@dataclass(frozen=True)
class Step:
    """Something to send, and what to wait for before going on."""

    send: bytes
    expect: bytes


@dataclass(frozen=True)
class Keepalive:
    """The protocol's own ping: when to look for it, what to answer.

    Looking for it in every byte would cost more than reading; the time it comes at is known.
    """

    first_s: float
    interval_s: float
    ping: bytes
    pong: bytes


class Dialect(Protocol):
    """One server's protocol, client side."""

    path: str
    opcode: int
    # What stands between messages that share one frame; None where the protocol has one message a frame.
    joiner: bytes | None
    keepalive: Keepalive | None

    def hello(self, channels: Sequence[str]) -> list[Step]:
        """Return what a new connection says, with subscriptions to these channels."""

    def publish(self, channel: str, size: int, number: int) -> bytes:
        """Return one publish message, unframed, whose payload has `size` bytes."""


class Centrifuge:
    """The Centrifuge client protocol, JSON: what the hub speaks.

    Args:
        token: Connection token of every client here.
    """

    path = "/connection/websocket"
    opcode = TEXT
    joiner: bytes | None = b"\n"
    keepalive: Keepalive | None = Keepalive(25, 25, b"{}", frame(b"{}"))

    def __init__(self, token: str) -> None:
        self._token = token

    def hello(self, channels: Sequence[str]) -> list[Step]:
        connect = json.dumps({"id": 1, "connect": {"token": self._token}}).encode()
        steps = [Step(frame(connect), b'{"id":1,"connect"')]
        if channels:
            lines = [
                json.dumps({"id": number, "subscribe": {"channel": name}}).encode()
                for number, name in enumerate(channels, 2)
            ]
            expected = b'{"id":%d,"subscribe"' % (len(channels) + 1)
            steps.append(Step(frame(b"\n".join(lines)), expected))
        return steps

    def publish(self, channel: str, size: int, number: int) -> bytes:
        columns = b'{"t":["' + template(size - 10) + b'"]}'
        return b'{"id":%d,"publish":{"channel":"%s","data":%s}}' % (
            1_000_000 + number,
            channel.encode(),
            columns,
        )


class Nats:
    """The NATS client protocol over nats-server's WebSocket."""

    path = "/"
    opcode = BINARY
    joiner: bytes | None = b""
    keepalive: Keepalive | None = Keepalive(0.5, 119, b"PING\r\n", frame(b"PONG\r\n", BINARY))

    def hello(self, channels: Sequence[str]) -> list[Step]:
        options = b'CONNECT {"verbose":false,"pedantic":false,"echo":true,"protocol":1}\r\n'
        subscriptions = b"".join(
            b"SUB %s %d\r\n" % (name.replace(":", ".").encode(), number)
            for number, name in enumerate(channels, 1)
        )
        return [Step(b"", b"INFO"), Step(frame(options + subscriptions + b"PING\r\n", BINARY), b"PONG\r\n")]

    def publish(self, channel: str, size: int, number: int) -> bytes:
        return b"PUB %s %d\r\n%s\r\n" % (channel.replace(":", ".").encode(), size, template(size))


class Plain:
    """The least a server needs: "sub a b" once, then "channel payload" from publishers."""

    path = "/"
    opcode = TEXT
    joiner: bytes | None = None
    keepalive: Keepalive | None = None

    def hello(self, channels: Sequence[str]) -> list[Step]:
        return [Step(frame(" ".join(("sub", *channels)).encode()), b"ok")]

    def publish(self, channel: str, size: int, number: int) -> bytes:
        return channel.encode() + b" " + template(size)


class SocketIO:
    """Engine.IO 4 and Socket.IO over a WebSocket from the start."""

    path = "/socket.io/?EIO=4&transport=websocket"
    opcode = TEXT
    joiner: bytes | None = None
    keepalive: Keepalive | None = Keepalive(25, 25, b"\x81\x012", frame(b"3"))

    def hello(self, channels: Sequence[str]) -> list[Step]:
        subscribe = b'420["sub",' + json.dumps(list(channels)).encode() + b"]"
        return [Step(b"", b"0{"), Step(frame(b"40"), b"40{"), Step(frame(subscribe), b"430[")]

    def publish(self, channel: str, size: int, number: int) -> bytes:
        return b'42["pub","%s","%s"]' % (channel.encode(), template(size))
