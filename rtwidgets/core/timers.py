"""Things that are due later, kept in a heap; the driver says what time it is."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count


class Timer:
    """A call that is due at a time, unless cancelled."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[float], None]) -> None:
        self.action: Callable[[float], None] | None = action

    def cancel(self) -> None:
        self.action = None


class Timers:
    """A heap of timers."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()

    def at(self, when: float, action: Callable[[float], None]) -> Timer:
        """Call `action(now)` once `run` is called with a time not before `when`."""
        timer = Timer(action)
        heapq.heappush(self._heap, (when, next(self._order), timer))
        return timer

    def run(self, now: float) -> None:
        """Call what is due."""
        while self._heap and self._heap[0][0] <= now:
            timer = heapq.heappop(self._heap)[2]
            if timer.action is not None:
                timer.action(now)
