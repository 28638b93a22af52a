"""Things that are due later, kept in a heap; the driver says what time it is."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count


class Timer:
    """A call that is due at a time, unless cancelled."""

    __slots__ = ("_timers", "action")

    def __init__(self, timers: Timers, action: Callable[[float], None]) -> None:
        self._timers = timers
        self.action: Callable[[float], None] | None = action

    def cancel(self) -> None:
        if self.action is not None:
            self.action = None
            self._timers.dropped()


class Timers:
    """A heap of timers."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._cancelled = 0

    def at(self, when: float, action: Callable[[float], None]) -> Timer:
        """Call `action(now)` once `run` is called with a time not before `when`."""
        timer = Timer(self, action)
        heapq.heappush(self._heap, (when, next(self._order), timer))
        return timer

    def run(self, now: float) -> None:
        """Call what is due."""
        while self._heap and self._heap[0][0] <= now:
            timer = heapq.heappop(self._heap)[2]
            action, timer.action = timer.action, None
            if action is not None:
                action(now)
            else:
                self._cancelled -= 1

    def dropped(self) -> None:
        """Note that one was cancelled; when most are, the heap is made anew without them."""
        self._cancelled += 1
        if self._cancelled > 1_000 and self._cancelled > len(self._heap) // 2:
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0
