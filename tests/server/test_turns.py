"""Sockets with much to do: each driver lets others have a turn between two turns of one connection."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from itertools import count
from typing import Any, cast

import pytest

from rtwidgets.core import Hub, HubRules, Limits
from rtwidgets.core.capabilities import ALL_VERBS
from rtwidgets.core.inbox import TURN_S
from rtwidgets.core.tokens import Tokens
from rtwidgets.server.endpoint import _Socket
from rtwidgets.server.frames import FramesProtocol
from rtwidgets.server.outlets import Outlet, Outlets

PINGS = 40
SECRET = "a secret of thirty-two characters"


class Port:
    """A transport that takes everything."""

    is_writable = True
    is_ending = False
    read_paused = False

    def __init__(self, sent: list[bytes]) -> None:
        self.write = sent.append

    def pause(self) -> None:
        self.read_paused = True

    def resume(self) -> None:
        self.read_paused = False


def make_hub() -> tuple[Hub, list[bytes]]:
    """Return a hub in which each command takes longer than a turn, and what a client sends."""
    tokens, ids, looks = Tokens(SECRET), count(), count()
    rules = HubRules(limits=Limits(work_ms_per_s=0))
    hub = Hub(rules, tokens, hub_id="hub", version="1", make_id=lambda: f"id{next(ids)}", now=0.0)
    hub.clock = lambda: next(looks) * 2 * TURN_S
    token = tokens.mint(user="ann", caps={"*": ALL_VERBS}, now=0.0, token_id="t")
    connect = json.dumps({"id": 1, "connect": {"token": token}}).encode()
    return hub, [connect, b"\n".join(b'{"id":%d,"ping":{}}' % (100 + number) for number in range(PINGS))]


@pytest.mark.parametrize("driver", ["own frames", "plain ASGI"])
async def test_others_have_a_turn_between_two_commands_that_take_long(driver: str) -> None:
    hub, messages = make_hub()
    sent: list[bytes] = []

    def answered() -> int:
        return b"".join(sent).count(b'"ping":{')

    if driver == "own frames":
        outlets, port = Outlets(lambda: 1.0), Port(sent)
        outlet = Outlet(hub, outlets)
        outlet.attach(cast(FramesProtocol, port))
        for message in messages:
            outlet.on_messages([message], 0)
        running = None
        assert port.read_paused
    else:
        inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in messages:
            inbox.put_nowait({"type": "websocket.receive", "bytes": message})

        async def send(message: dict[str, Any]) -> None:
            sent.append(message.get("text", "").encode())

        socket = _Socket(hub, lambda: 1.0, inbox.get, cast(Any, send), "client")
        running = asyncio.create_task(socket.run())
    turns, most, before = 0, 0, answered()
    while before < PINGS:
        assert turns < 100 * PINGS, "it goes on only when something else happens"
        await asyncio.sleep(0)
        most, before, turns = max(most, answered() - before), answered(), turns + 1
    assert most <= 2
    if running is not None:
        inbox.put_nowait({"type": "websocket.disconnect"})
        await running
    else:
        for _ in range(2):
            await asyncio.sleep(0)
        # All is done: it reads on, and nothing spins.
        assert not port.read_paused and not outlet._queued


async def test_answers_of_others_leave_before_one_goes_on_that_is_at_work() -> None:
    hub, messages = make_hub()
    outlets = Outlets(lambda: 1.0)
    sent: list[bytes] = []
    busy, other = Outlet(hub, outlets), Outlet(hub, outlets)
    for outlet in (busy, other):
        outlet.attach(cast(FramesProtocol, Port(sent)))
        outlet.on_messages(messages[:1], 0)
    busy.on_messages(messages[1:], 0)
    for number in range(1, 6):
        await asyncio.sleep(0)
        before = len(sent)
        other.on_messages([b'{"id":%d,"ping":{}}' % number], 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert b'{"id":%d,' % number in sent[before]
        assert len(sent) > before + 1, "the other one does not go on"


COUNTING_HUB = """
import gc, os, sys
from rtwidgets.server import run
from rtwidgets.server.settings import AuthSection, HubSection, Settings

def on_ready(url):
    print(len(gc.get_objects()), gc.get_freeze_count(), flush=True)
    os._exit(0)

run.serve(Settings(hub=HubSection(port=0), auth=AuthSection(hmac_secret=sys.argv[1])), on_ready)
"""


async def test_who_is_found_at_work_just_before_the_turn_has_it_then() -> None:
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    outlets, worked = Outlets(lambda: 1.0), list[object]()

    class Busy:
        """An outlet that is at work whenever it is written."""

        connection = type("Connection", (), {"hub": type("Hub", (), {"clock": staticmethod(lambda: 0.0)})})

        def pump(self, now: float) -> None:
            outlets.at_work(cast(Outlet, self))

        def work(self, now: float) -> None:
            worked.append(self)

    first, second = cast(Outlet, Busy()), cast(Outlet, Busy())
    outlets.at_work(first)
    outlets._ready.append(second)
    for _ in range(20):
        await asyncio.sleep(0)
    assert worked == [first, second] and not faults


def test_garbage_collector_looks_at_what_clients_make_and_not_at_the_program() -> None:
    out = subprocess.run([sys.executable, "-c", COUNTING_HUB, SECRET], capture_output=True, timeout=30)
    looked_at, program = map(int, out.stdout.split())
    assert looked_at < program / 10
