"""A sleep that another thread may shorten or lengthen."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable


class Pause:
    """Sleeps until a moment that may move meanwhile; `moved` says so, from any thread."""

    def __init__(self) -> None:
        self._sleepers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    async def until(self, due: Callable[[], float]) -> None:
        """Return when ``time.monotonic()`` has reached ``due()``, which is asked again after every `moved`.

        Args:
            due: Seconds on the monotonic clock; infinity sleeps until `moved`.
        """
        moved = asyncio.Event()
        self._sleepers[moved] = asyncio.get_running_loop()
        try:
            while True:
                moved.clear()  # before due(): a move in between must not be lost
                left = due() - time.monotonic()
                if left <= 0:
                    return
                try:
                    await asyncio.wait_for(moved.wait(), None if math.isinf(left) else left)
                except TimeoutError:
                    return
        finally:
            del self._sleepers[moved]

    def moved(self) -> None:
        """Let all sleepers ask again when they are due."""
        for event, loop in list(self._sleepers.items()):
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # that loop ended in the meantime
                pass
