"""Random and mutated frames over real sockets: the hub goes on serving, has no fault and does not grow.

`FUZZ_S=600` makes it the long run, `FUZZ_SEED` another one.
"""

from __future__ import annotations

import json
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ..client.hub_process import HubProcess, token
from .sockets import open_line

pytestmark = pytest.mark.slow

FUZZ_S = float(os.environ.get("FUZZ_S", "8"))
MAX_GROWTH_BYTES = 24 * 1024 * 1024
# Small ones, so that what is kept on purpose reaches its bounds early and growth beyond them shows.
CONFIG = """
api_key = "the api key"
[limits]
connects_per_ip_per_s = 0
connections_per_ip = 0
connections_per_user = 0
channels = 300
history_bytes = 100000
history_total_bytes = 4000000
table_bytes = 200000
[namespaces.default]
kind = "event"
history_size = 50
presence = true
join_leave = true
recover = true
allow = ["subscribe", "publish", "history", "presence"]
"""
NAMES = [
    "a",
    "event:a",
    "stream:a",
    "table:a",
    "value:a",
    "chat:a",
    "#ann",
    "table:rtwidgets.commands",
    "table:rtwidgets.sessions",
    "event:a/rtwidgets.members",
    "value:a/rtwidgets.session",
    "no:way",
    "",
]


def seeds(rng: random.Random) -> dict[str, Any]:
    """Return a request that makes sense."""
    name = rng.choice(NAMES)
    data = rng.choice(
        [
            1,
            "text",
            {"x": [1, 2], "y": ["a", None]},
            {"upsert": {"id": [1, 2], "v": [1.5, "b"]}, "remove": [3]},
            {"replace": True, "upsert": {"id": ["k"]}},
            {"type": "message", "id": "m1", "text": "hello"},
            {"type": "edit", "id": "m1", "text": "again"},
            {"type": "append", "id": "m1", "text": "more", "done": True},
            {"type": "reaction", "id": "m1", "emoji": "x"},
            {"type": "delete", "id": "m1"},
        ]
    )
    wish = {"rtwidgets": {"max_hz": rng.choice([0, 1, 10.5, None]), "visible": rng.random() < 0.5}}
    methods: dict[str, dict[str, Any]] = {
        "declare": {"channel": name, "key": "id", "default": 1},
        "publish": {
            "producer": "p",
            "seq": rng.randint(0, 9),
            "items": [{"channel": name, "data": data}] * 3,
        },
        "subscription": {"channel": name, "max_hz": 5, "visible": True},
        "demand": {"channel": name},
        "register": {"commands": [{"name": "halt", "title": "Halt", "schema": {}}]},
        "unregister": {"names": ["halt"]},
        "call": {"command": "halt", "args": {"a": 1}, "timeout_ms": rng.choice([1, 100, 10**12, -5])},
        "reply": {"call": "x", "result": 1},
        "token": {"ttl_s": 5, "caps": {"*": ["subscribe"]}, "info": {"name": "x"}},
        "allow_origin": {"origin": "http://localhost:1"},
        "revoke": {"jti": "nobody"},
        "status": {},
        "session": {"session": rng.choice(["a", "b", "no name"]), "title": "A"},
        "sessions": {},
        "share": {
            "session": "a",
            "role": rng.choice(["viewer", "boss"]),
            "ttl_s": rng.choice([5, -1, 1e300]),
        },
        "unshare": {"invite": rng.choice(["a.b.c", token("ann"), ""])},
        "sign_in": {},
    }
    method = rng.choice(list(methods))
    since = {"offset": rng.choice([0, 1, 2**63, -1]), "epoch": rng.choice(["", "x"])}
    return rng.choice(
        [
            {"connect": {"token": token("ann"), "name": "fuzz"}},
            {"subscribe": {"channel": name, "data": wish, "recover": True, **since}},
            {"unsubscribe": {"channel": name}},
            {"publish": {"channel": name, "data": data}},
            {"presence": {"channel": name}},
            {"presence_stats": {"channel": name}},
            {
                "history": {
                    "channel": name,
                    "limit": rng.choice([-1, 0, 5, 2**40]),
                    "since": since,
                    "reverse": True,
                }
            },
            {"ping": {}},
            {"send": {"data": 1}},
            {"refresh": {"token": token("ann")}},
            {"sub_refresh": {"channel": name, "token": "x"}},
            {"rpc": {"method": f"rtwidgets.{method}", "data": methods[method]}},
            {},
        ]
    )


TEXT = 1
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**53,
    2**64,
    1e308,
    -0.0,
    "",
    "\u0000",
    "\ud800",
    "é\u2028",
    [],
    {},
    [[]],
    {"": 0},
    "x" * 9_000,
]


def twist(rng: random.Random, value: Any) -> Any:
    """Change something somewhere in a JSON value."""
    if rng.random() < 0.25:
        return rng.choice(ODD)
    if isinstance(value, dict) and value:
        changed = dict(value)
        name = rng.choice(list(changed))
        match rng.randrange(4):
            case 0:
                del changed[name]
            case 1:
                changed[rng.choice(["__proto__", "id", "channel", name.upper(), ""])] = changed[name]
            case _:
                changed[name] = twist(rng, changed[name])
        return changed
    if isinstance(value, list) and value:
        return value * rng.choice([0, 2, 50]) if rng.random() < 0.3 else [*value[1:], twist(rng, value[0])]
    return rng.choice(ODD)


def garble(rng: random.Random, data: bytes) -> bytes:
    """Change some bytes."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(4):
            case 0:
                changed[place : place + rng.randint(1, 9)] = b""
            case 1:
                changed[place:place] = rng.randbytes(rng.randint(1, 9))
            case 2:
                changed[place:place] = rng.choice(
                    [b"[", b"{", b'"', b"\\u", b"\n", b"\xff", b"," * 50, b"[" * 3_000]
                )
            case _:
                changed[place : place + 1] = rng.randbytes(1)
    return bytes(changed)


def framed(payload: bytes, opcode: int = TEXT, *, fin: bool = True, masked: bool = True) -> bytes:
    """Return a WebSocket frame, with a mask of zeros or none."""
    length = len(payload)
    flag = 0x80 if masked else 0
    if length < 126:
        size = bytes((flag | length,))
    elif length < 65_536:
        size = bytes((flag | 126,)) + length.to_bytes(2, "big")
    else:
        size = bytes((flag | 127,)) + length.to_bytes(8, "big")
    return bytes(((0x80 if fin else 0) | opcode,)) + size + (bytes(4) if masked else b"") + payload


def frames(rng: random.Random) -> bytes:
    """Return what is sent next on a socket."""
    lines = []
    for _ in range(rng.choice([1, 1, 1, 5, 40])):
        request: Any = {"id": rng.choice([0, 1, 2, 7, 2**32]), **seeds(rng)}
        while rng.random() < 0.5:
            request = twist(rng, request)
        lines.append(json.dumps(request, ensure_ascii=rng.random() < 0.8).encode("utf-8", "surrogatepass"))
    text = b"\n".join(lines)
    if rng.random() < 0.2:
        text = garble(rng, text)
    opcode = rng.choice([TEXT] * 24 + list(range(16)))
    if opcode > 7:
        text = text[: rng.choice([0, 1, 2, 100, 200])]
    data = framed(text, opcode, fin=rng.random() < 0.9, masked=rng.random() < 0.98)
    return garble(rng, data) if rng.random() < 0.05 else data


def attack(rng: random.Random, port: int) -> None:
    """Open a socket, mostly say who we are, and send whatever comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as plain:
        plain.sendall(
            b"GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n" % port
        )
        if rng.random() < 0.9:
            hello = json.dumps({"id": 1, "connect": {"token": token(rng.choice(["ann", "bob"]))}})
            plain.sendall(framed(hello.encode()))
        try:
            for _ in range(rng.randint(1, 40)):
                plain.sendall(frames(rng))
                if rng.random() < 0.3:
                    plain.settimeout(0.005)
                    plain.recv(65_536)
                    plain.settimeout(2)
        except OSError:
            pass  # the hub has had enough of it


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path, CONFIG)
    process.start()
    yield process
    process.kill()


@pytest.mark.timeout(FUZZ_S * 2 + 60)
def test_hub_outlives_any_frames(hub: HubProcess, tmp_path: Path) -> None:
    seed = int(os.environ.get("FUZZ_SEED", "4"))
    rng = random.Random(seed)
    measured = psutil.Process(hub.pid)
    started, warm, sockets = time.monotonic(), 0, 0
    while (elapsed := time.monotonic() - started) < FUZZ_S:
        attack(rng, hub.port)
        sockets += 1
        if not warm and elapsed > FUZZ_S / 3:
            warm = measured.memory_info().rss
    with open_line(hub, "carol") as carol:
        assert "subscribe" in carol.ask(subscribe={"channel": "event:a"})
        assert "error" not in carol.ask(publish={"channel": "event:a", "data": "still here"})
        while not any(push.get("pub", {}).get("data") == "still here" for push in carol.pushes):
            carol.receive()
    log = (tmp_path / "hub.log").read_text()
    assert "Traceback" not in log and "a request failed" not in log, log[-4_000:]
    grown = measured.memory_info().rss - warm
    assert grown < MAX_GROWTH_BYTES, f"{grown} bytes more after {sockets} sockets"
