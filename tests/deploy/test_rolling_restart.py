"""Two hubs behind the front are started anew one after the other while many people use them.

`LONG=1` does ten times the rounds.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ..brokers.redis_server import RedisServer
from ..client.hub_process import HubProcess
from .flock import Member
from .front import Front

TIMES = 10 if os.environ.get("LONG") == "1" else 1
SOCKETS, CHANNELS, RATE = 500, 10, 10.0
BACK_S = 10.0

CONFIG = """
broker = "{broker}"
[namespaces.kept]
kind = "event"
history_size = 20000
history_ttl_s = 3600
recover = true
"""


@asynccontextmanager
async def members_of(front: Front) -> AsyncIterator[list[Member]]:
    """Members that are all connected, spread over the channels; the first of each channel writes."""
    members = [
        Member(front, number, f"kept:{number % CHANNELS}", RATE if number < CHANNELS else 0)
        for number in range(SOCKETS)
    ]
    following = [asyncio.create_task(member.follow()) for member in members]
    try:
        await until(lambda: all(member.is_online for member in members), 30, "all connect")
        yield members
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)


async def until(check: Callable[[], bool], timeout_s: float, what: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


async def restart(hub: HubProcess) -> None:
    """Let a hub drain and end, and start it anew."""
    hub.terminate()
    await asyncio.to_thread(hub.wait)
    await asyncio.to_thread(hub.start)


@pytest.mark.slow
@pytest.mark.timeout(60 + 60 * TIMES)
async def test_rolling_restart_of_two_hubs_loses_nothing(
    start_hub: Callable[..., HubProcess],
    start_front: Callable[..., Front],
    need_program: Callable[..., str],
) -> None:
    need_program("redis-server")
    with RedisServer() as redis:
        hubs = [start_hub(CONFIG.format(broker=redis.url)) for _ in range(2)]
        front = start_front(*(hub.port for hub in hubs))
        async with members_of(front) as members:
            writers = members[:CHANNELS]
            writing = [asyncio.create_task(writer.write()) for writer in writers]
            took: list[float] = []
            for _ in range(3 * TIMES):
                for hub in hubs:
                    moved = {member: len(member.codes) for member in members}
                    told_at = time.monotonic()
                    await restart(hub)
                    await until(lambda: all(member.is_online for member in members), BACK_S, "all are back")
                    back = [m.back_at - told_at for m in members if len(m.codes) > moved[m]]
                    took.append(max(back))
            for task in writing:
                task.cancel()
            await until(lambda: all(w.acknowledged == w.said for w in writers), 10, "all is acknowledged")
            said = {writer.channel: list(range(1, writer.said + 1)) for writer in writers}
            await until(lambda: all(len(m.seen) >= len(said[m.channel]) for m in members), 10, "all is seen")
            assert all(member.seen == said[member.channel] for member in members)
            assert not any(member.unrecovered for member in members)
            assert [member.faults for member in members if member.faults] == []
            # Neither a connection that broke nor one that was not taken, which is 1006 to a browser.
            assert {code for member in members for code in member.codes} == {3001}
            assert [member.refused for member in members if member.refused] == []
            assert max(took) < BACK_S, took
