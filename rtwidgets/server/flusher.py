"""When publications leave: at once when the hub is idle, in windows when it is busy."""

from __future__ import annotations

import asyncio

from ..core import Hub


class Flusher:
    """Call `hub.flush` soon after a publication, at most once an interval.

    Args:
        interval_s: Window in which publications of a busy hub are collected.
    """

    def __init__(self, hub: Hub, interval_s: float) -> None:
        self._hub = hub
        self._interval_s = interval_s
        self._last = 0.0
        hub.on_dirty = self._schedule

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._last + self._interval_s - loop.time()
        if wait > 0:
            loop.call_later(wait, self._flush)
        else:
            loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._last = asyncio.get_running_loop().time()
        self._hub.flush()
