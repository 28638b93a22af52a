from __future__ import annotations

import asyncio
import math
import threading
import time

from rtwidgets.sources.pause import Pause


async def test_pause_ends_when_it_is_due() -> None:
    due = time.monotonic() + 0.05
    await Pause().until(lambda: due)
    assert 0 <= time.monotonic() - due < 0.5


async def test_a_move_from_another_thread_ends_an_endless_pause() -> None:
    pause = Pause()
    due = [math.inf]

    def move() -> None:
        due[0] = 0.0
        pause.moved()

    threading.Timer(0.05, move).start()
    async with asyncio.timeout(5):
        await pause.until(lambda: due[0])


async def test_a_move_to_later_does_not_end_it() -> None:
    pause = Pause()
    due = [time.monotonic() + 0.1]

    def move() -> None:
        due[0] += 0.2
        pause.moved()

    threading.Timer(0.02, move).start()
    await pause.until(lambda: due[0])
    assert time.monotonic() >= due[0] - 0.01


def test_moved_after_the_loop_ended_is_quiet() -> None:
    pause = Pause()

    async def leave_behind() -> None:
        pause._sleepers[asyncio.Event()] = asyncio.get_running_loop()

    asyncio.run(leave_behind())
    pause.moved()
