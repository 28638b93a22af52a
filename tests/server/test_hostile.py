"""Connections that mean harm: what each costs the hub, and that the others are served."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.frames import Frame, Opcode

from ..client.hub_process import HubProcess, token
from .sockets import open_line

# Of each kind so many at once; what one costs is what all of them cost, divided.
COUNT = 24
MAX_BYTES_EACH = 2 * 1024 * 1024
ATTACK_S = 4.0

CONFIG = """
[limits]
connections_per_ip = 1000
connects_per_ip_per_s = 1000
connections_per_user = 1000
"""


class Attacker:
    """A raw WebSocket that is connected with a good token, reads nothing and has a small buffer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(
            b"GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n" % port
        )
        assert b" 101 " in self._socket.recv(4096)
        self.commands({"connect": {"token": token("mallory")}})
        assert b'"connect"' in self._socket.recv(4096)
        self._id = 10

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


WISH = {"rtwidgets": {"snapshot": True}}
ATTACKS = [
    slow_writes,
    endless_fragments,
    huge_frames,
    ping_flood,
    subscribe_storm,
    history_storm,
    snapshot_storm,
    presence_storm,
    reading_nothing,
    rubbish,
    call_storm,
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path_factory.mktemp("hub"), CONFIG)
    process.start()
    with open_line(process, "ann") as ann:
        # About a megabyte of history, and a feed.
        for number in range(250):
            ann.ask(publish={"channel": "event:large", "data": {"n": number, "pad": "x" * 4_000}})
        ann.ask(subscribe={"channel": "chat:crowd"})
        yield process
    process.kill()


def keep_attacking(attackers: list[Attacker], attack: Callable[[Attacker, int], bool], until: float) -> None:
    alive, step = list(attackers), 0
    while alive and time.monotonic() < until:
        alive = [attacker for attacker in alive if attack(attacker, step)]
        step += 1


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_hostile_connection_costs(
    hub: HubProcess, attack: Callable[[Attacker, int], bool], tmp_path: Path
) -> None:
    process = psutil.Process(hub.pid)
    with open_line(hub, "bob") as bob:
        bob.ask(subscribe={"channel": "event:feed"})
        before = process.memory_info().rss
        attackers = [Attacker(hub.port) for _ in range(COUNT)]
        until = time.monotonic() + ATTACK_S
        thread = threading.Thread(target=keep_attacking, args=(attackers, attack, until))
        thread.start()
        most, sent = before, 0
        try:
            while time.monotonic() < until:
                # The others are served: what they publish comes, in order.
                for _ in range(10):
                    sent += 1
                    bob.ask(publish={"channel": "event:feed", "data": {"n": sent, "pad": "x" * 2_000}})
                most = max(most, process.memory_info().rss)
                time.sleep(0.01)
            numbers = [push["pub"]["data"]["n"] for push in bob.pushes if "pub" in push]
            while len(numbers) < sent:
                bob.pushes.clear()
                bob.receive()
                numbers += [push["pub"]["data"]["n"] for push in bob.pushes if "pub" in push]
            assert numbers == list(range(1, sent + 1))
        finally:
            thread.join()
            for attacker in attackers:
                attacker.close()
        assert (most - before) / COUNT < MAX_BYTES_EACH
        deadline = time.monotonic() + 10
        with suppress(TimeoutError):
            while True:  # and the hub forgets them
                status = bob.ask(rpc={"method": "rtwidgets.status", "data": {}})["rpc"]["data"]
                if status["connections"] <= 2:
                    break
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_hub_without_its_limits_would_pay_for_a_history_storm(tmp_path: Path) -> None:
    """The attack is one: with the limits off it costs what it asks for."""
    off = "[limits]\nhistory_reply_bytes = 0\ncommands_per_s = 0\nsend_timeout_s = 0\n"
    process = HubProcess(tmp_path, off)
    process.start()
    try:
        with open_line(process, "ann") as ann:
            for number in range(950):
                ann.ask(publish={"channel": "event:large", "data": {"n": number, "pad": "x" * 8_000}})
            measured = psutil.Process(process.pid)
            before = measured.memory_info().rss
            attackers = [Attacker(process.port) for _ in range(6)]
            keep_attacking(attackers, history_storm, time.monotonic() + 1.0)
            time.sleep(0.5)
            assert (measured.memory_info().rss - before) / 6 > MAX_BYTES_EACH
            for attacker in attackers:
                attacker.close()
    finally:
        process.kill()
