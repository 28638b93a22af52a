"""When publications leave: at once when the hub is idle, in windows when it is busy."""

from __future__ import annotations

import asyncio
import math

from ..core import Hub
from .outlets import Outlets

# Between two flushes the hub does other things for at least this many times as long as a flush took.
REST = 1.6
# But a window is at most so many intervals: what takes long because of its bytes takes longer the longer it
# waits, and windows would grow without end.
MOST = 6.0
# A rest ends early when nothing was read for this many intervals: then there is nothing to wait for.
QUIET = 2.0


class Flusher:
    """Call `hub.flush` soon after a publication, at most once a window.

    A window is the interval, and longer when writing to all readers takes long: so a hub with many readers
    sends fewer and larger frames and not later and later ones.

    Args:
        outlets: Written to right after a flush.
        interval_s: Shortest window in which publications of a busy hub are collected.
    """

    def __init__(self, hub: Hub, outlets: Outlets, interval_s: float) -> None:
        self._hub = hub
        self._outlets = outlets
        self._interval_s = interval_s
        self._earliest = 0.0
        self._latest = 0.0
        self._late: asyncio.TimerHandle | None = None
        hub.on_dirty = self._schedule

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._earliest - loop.time()
        if wait > 0:
            loop.call_later(wait, self._flush_or_rest)
        else:
            loop.call_soon(self._flush_or_rest)

    def _flush_or_rest(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        until = min(self._latest, self._outlets.last_input + QUIET * self._interval_s)
        if now < until:
            loop.call_later(until - now, self._flush_or_rest)
            return
        self._flush(loop)
        self._outlets.write()
        took = loop.time() - now
        self._earliest = now + self._interval_s
        self._latest = now + min(max(1.0, took * (1 + REST) / self._interval_s), MOST) * self._interval_s

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._outlets.now()
        due = self._hub.flush(now)
        if self._late is not None:
            self._late.cancel()
        # Readers that want few updates, once their turn comes.
        self._late = None if due == math.inf else loop.call_later(due - now, self._flush_or_rest)
