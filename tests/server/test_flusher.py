from __future__ import annotations

import asyncio
import time

import pytest

from rtwidgets.server.flusher import Flusher
from rtwidgets.server.outlets import Outlets

from ..core.peers import make_hub
from .inner_hub import InnerHub

INTERVAL_S = 0.05


async def test_idle_hub_flushes_at_once_and_a_busy_one_in_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, loop = make_hub(), asyncio.get_running_loop()
    flushes: list[float] = []
    flush = hub.flush

    def note(now: float) -> float:
        flushes.append(loop.time())
        return flush(now)

    monkeypatch.setattr(hub, "flush", note)
    Flusher(hub, Outlets(time.time), INTERVAL_S)
    channel = hub.channel("event:a")

    async def turns() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    for _ in range(2):
        channel.publish(b"1", now=1.0)
        await turns()
    # The first left in the same turn of the loop, the second waits for what else may come.
    assert len(flushes) == 1
    for _ in range(3):
        channel.publish(b"1", now=1.0)
    while len(flushes) < 2:
        await asyncio.sleep(INTERVAL_S / 10)
    assert flushes[1] - flushes[0] >= INTERVAL_S
    await asyncio.sleep(2 * INTERVAL_S)
    assert len(flushes) == 2
    channel.publish(b"1", now=1.0)
    await turns()
    assert len(flushes) == 3


def test_fault_at_one_connection_leaves_the_others(
    inner_hub: InnerHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception] = []
    inner_hub.app.hub.on_fault = faults.append
    with inner_hub.subscribed(3) as lines:
        first = next(iter(inner_hub.app.hub.connections.values()))

        def broken(max_bytes: int, now: float) -> bytes | None:
            raise RuntimeError("a fault of ours")

        monkeypatch.setattr(first, "take", broken)
        inner_hub.call(lambda: inner_hub.publish(range(1)))
        seen = 0
        for line in lines[1:]:
            while not any("pub" in push for push in line.pushes):
                line.receive()
            seen += 1
        assert seen == 2 and [str(fault) for fault in faults] == ["a fault of ours"]
