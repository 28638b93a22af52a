"""The hub's clock."""

from __future__ import annotations

import time
from collections.abc import Callable

# The first of them goes on while a laptop sleeps, and so does the second on macOS; `time.monotonic` does not.
_CLOCKS = ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC")
_CLOCK = next((getattr(time, name) for name in _CLOCKS if hasattr(time, name)), None)
# What the system's clock may be off by before it is worth a word: as much as tokens' times may.
TOLERATED_S = 5.0
# Clocks that differ by no more than this are the same.
SAME_S = 1.0


def steady_clock() -> Callable[[], float]:
    """Return a function that gives seconds since the Unix epoch and never goes back or jumps."""
    read: Callable[[], float] = time.monotonic if _CLOCK is None else lambda: time.clock_gettime(_CLOCK)
    start = time.time() - read()
    return lambda: start + read()


def ahead_of(time: float, asked_at: float, answered_at: float, known_s: float) -> float:
    """Return by how many seconds another clock is ahead; as known where what was seen may be the way to it.

    Args:
        time: What it has told.
        asked_at: When it was asked, by the hub's clock.
        known_s: What was found the last time.
    """
    way_s = (answered_at - asked_at) / 2
    ahead_s = time - asked_at - way_s
    if abs(ahead_s) <= SAME_S + way_s:
        ahead_s = 0.0
    return known_s if abs(ahead_s - known_s) <= SAME_S + way_s else ahead_s


class ClockWatch:
    """Notices that the system's clock was set: the hub's own goes on as it was.

    Args:
        now: The hub's clock.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known_s = 0.0

    def news(self) -> float | None:
        """Return by how many seconds the system's clock is ahead of the hub's, when that has changed."""
        ahead_s = time.time() - self._now()
        if abs(ahead_s - self._known_s) <= TOLERATED_S:
            return None
        self._known_s = ahead_s
        return ahead_s
