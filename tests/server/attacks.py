"""What connections that mean harm do."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

from websockets.frames import Frame, Opcode


def handshake(port: int) -> bytes:
    return (
        b"GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n" % port
    )


class Attacker:
    """A raw WebSocket that is connected with a good token, reads nothing and has a small buffer.

    Args:
        address: Where it comes from.

    Raises:
        ConnectionError: If the hub does not let it in.
    """

    def __init__(self, port: int, token: str, address: str = "127.0.0.1") -> None:
        self._socket = socket.socket()
        self._socket.bind((address, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(handshake(port))
        self._expect(b" 101 ")
        self.commands({"connect": {"token": token}})
        self._socket.settimeout(10)
        self._expect(b'"connect"')
        self._id = 10

    def _expect(self, part: bytes) -> None:
        received = self._socket.recv(4096)
        if part not in received:
            self._socket.close()
            raise ConnectionRefusedError(f"the hub answered {received[:200]!r}")

    def commands(self, *requests: dict[str, Any]) -> bool:
        lines = [json.dumps({"id": number, **request}) for number, request in enumerate(requests, 1)]
        return self.send(Frame(Opcode.TEXT, "\n".join(lines).encode()).serialize(mask=True))

    def send(self, data: bytes) -> bool:
        """Send, and say whether the hub still takes it."""
        self._socket.settimeout(0.2)
        try:
            self._socket.sendall(data)
        except TimeoutError:
            return True  # it reads no further: that is its defence
        except OSError:
            return False
        return True

    def read(self, count: int) -> None:
        """Read so many bytes, and no more."""
        self._socket.settimeout(10)
        while count > 0:
            count -= len(self._socket.recv(min(count, 4096)))

    def close(self) -> None:
        self._socket.close()


def slow_writes(attacker: Attacker, step: int) -> bool:
    whole = Frame(Opcode.TEXT, b"x" * 60_000).serialize(mask=True)
    if step == 0:
        return attacker.send(whole[:30_000])
    time.sleep(0.05)
    return attacker.send(whole[30_000 + step : 30_001 + step])


def endless_fragments(attacker: Attacker, step: int) -> bool:
    opcode = Opcode.CONT if step else Opcode.TEXT
    return attacker.send(Frame(opcode, b"x" * 1_000, fin=False).serialize(mask=True))


def huge_frames(attacker: Attacker, step: int) -> bool:
    pad = Frame(Opcode.TEXT, b"[" * 65_000).serialize(mask=True)
    return attacker.send(pad if step % 2 else bytes((0x81, 0xFF)) + (2**40).to_bytes(8, "big") + bytes(4))


def ping_flood(attacker: Attacker, step: int) -> bool:
    return attacker.send(Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 500)


def pong_flood(attacker: Attacker, step: int) -> bool:
    return attacker.send(Frame(Opcode.PONG, b"x" * 125).serialize(mask=True) * 500)


def subscribe_storm(attacker: Attacker, step: int) -> bool:
    names = [f"event:storm{step % 7}/{number}" for number in range(100)]
    return attacker.commands(
        *({"subscribe": {"channel": name}} for name in names),
        *({"unsubscribe": {"channel": name}} for name in names),
    )


def history_storm(attacker: Attacker, step: int) -> bool:
    return attacker.commands(*({"history": {"channel": "event:large", "limit": -1}} for _ in range(200)))


def snapshot_storm(attacker: Attacker, step: int) -> bool:
    again: list[dict[str, Any]] = [
        {"unsubscribe": {"channel": "event:large"}},
        {"subscribe": {"channel": "event:large", "data": WISH}},
    ]
    return attacker.commands(*(request for _ in range(50) for request in again))


def presence_storm(attacker: Attacker, step: int) -> bool:
    return attacker.commands(*({"presence": {"channel": "chat:crowd"}} for _ in range(200)))


def reading_nothing(attacker: Attacker, step: int) -> bool:
    if step == 0:
        attacker.commands({"subscribe": {"channel": "event:feed"}}, {"subscribe": {"channel": "chat:crowd"}})
    time.sleep(0.1)
    return attacker.send(b"")


def rubbish(attacker: Attacker, step: int) -> bool:
    return attacker.send(bytes((step * 37 + number * 11) % 256 for number in range(2_000)))


def call_storm(attacker: Attacker, step: int) -> bool:
    data = {"command": "nothing", "args": {"pad": "x" * 500}}
    return attacker.commands(*({"rpc": {"method": "rtwidgets.call", "data": data}} for _ in range(50)))


def batch_storm(attacker: Attacker, step: int) -> bool:
    """Publish thousands of items with each command, and delete as many messages."""
    says = {"type": "message", "id": "", "text": "x"} if step % 2 == 0 else {"type": "delete", "id": ""}
    items: list[dict[str, Any]] = [
        {"channel": "chat:storm", "data": {**says, "id": f"{id(attacker)}/{step // 2}/{number}"}}
        for number in range(350)
    ]
    items += [{"channel": "event:storm", "data": 0}] * 500
    data = {"producer": "storm", "seq": step + 1, "items": items}
    return attacker.commands({"rpc": {"method": "rtwidgets.publish", "data": data}})


WISH = {"rtwidgets": {"snapshot": True}}
ATTACKS = [
    slow_writes,
    endless_fragments,
    huge_frames,
    ping_flood,
    pong_flood,
    subscribe_storm,
    history_storm,
    snapshot_storm,
    presence_storm,
    reading_nothing,
    rubbish,
    call_storm,
    batch_storm,
]


def keep_attacking(attackers: list[Attacker], attack: Callable[[Attacker, int], bool], until: float) -> None:
    alive, step = list(attackers), 0
    while alive and time.monotonic() < until:
        alive = [attacker for attacker in alive if attack(attacker, step)]
        step += 1
