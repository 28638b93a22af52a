"""When publications leave: at once when the hub is idle, in windows when it is busy."""

from __future__ import annotations

import asyncio

from ..core import Hub
from .outlets import Outlets

# Between two flushes the hub does other things for at least this many times as long as a flush took.
REST = 2.0


class Flusher:
    """Call `hub.flush` soon after a publication, at most once a window.

    A window is the interval, and longer when writing to all readers takes long: so a hub with many readers
    sends fewer and larger frames and not later and later ones.

    Args:
        interval_s: Shortest window in which publications of a busy hub are collected.
    """

    def __init__(self, hub: Hub, outlets: Outlets, interval_s: float) -> None:
        self._hub = hub
        self._outlets = outlets
        self._interval_s = interval_s
        self._next = 0.0
        hub.on_dirty = self._schedule

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._next - loop.time()
        if wait > 0:
            loop.call_later(wait, self._flush)
        else:
            loop.call_soon(self._flush)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        self._hub.flush()
        self._outlets.write()
        took = loop.time() - start
        self._next = start + max(self._interval_s, took * (1 + REST))
