"""This machine's CPU, memory, network, disk and processes, live."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from functools import partial

from ..client.columns import Columns
from ..errors import ConfigError
from .pause import Pause
from .readings import Counters, Processes

PROCESSES_EVERY_S = 2.0
SHORTEST_INTERVAL_S = 0.02


class SystemMetrics:
    """What this machine does, as ``(channel, data)`` pairs for ``hub.run``.

    ===================================  ============================================================
    ``stream:system/cpu``                ``cpu``, ``memory``: percent of the whole machine
    ``stream:system/cores``              ``core``, ``percent``
    ``stream:system/network``            ``direction`` (sent, received), ``bytes_per_s``, no loopback
    ``stream:system/disk``               ``direction`` (read, written), ``bytes_per_s``, ``used_percent``
    ``table:system/processes``           ``pid``, ``name``, ``user``, ``cpu_percent`` of one core,
                                         ``memory_mb``, ``threads``, ``status``: the busiest 200
    ===================================  ============================================================

    Every stream has a ``time``. What the machine does not tell is null. The processes are read at most every
    two seconds, whatever the interval.

    Args:
        interval_s: Seconds between two readings.
        prefix: First part of the channels' names.

    Raises:
        ConfigError: If the interval is not a number from 0.02 on.
    """

    def __init__(self, interval_s: float = 1.0, prefix: str = "system") -> None:
        self._pause = Pause()
        self._interval_s = _checked(interval_s)
        self._paused = False
        self.prefix = prefix
        self.declares: list[tuple[str, dict[str, str]]] = [(f"table:{prefix}/processes", {"key": "pid"})]

    @property
    def interval_s(self) -> float:
        """Seconds between two readings; set it from any thread, a running source follows at once."""
        return self._interval_s

    @interval_s.setter
    def interval_s(self, interval_s: float) -> None:
        self._interval_s = _checked(interval_s)
        self._pause.moved()

    @property
    def paused(self) -> bool:
        """Whether it holds still; set it from any thread, a running source follows at once."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = bool(paused)
        self._pause.moved()

    async def __aiter__(self) -> AsyncIterator[tuple[str, Columns | dict[str, Columns]]]:
        """Read until nobody asks any more."""
        counters, processes = Counters(), Processes()
        # In a thread: reading a few hundred processes takes tens of milliseconds.
        await asyncio.to_thread(counters.read, time.time())
        read = processes_due = time.monotonic()
        while True:
            if time.monotonic() >= processes_due:
                processes_due = time.monotonic() + PROCESSES_EVERY_S
                rows = await asyncio.to_thread(processes.read)
                yield f"table:{self.prefix}/processes", {"replace": rows}
            await self._pause.until(partial(self._due, read))
            # The next one is due an interval after this one was, not after this one is done.
            read = max(read + self._interval_s, time.monotonic() - self._interval_s)
            found = await asyncio.to_thread(counters.read, time.time())
            for name, columns in found.items():
                yield f"stream:{self.prefix}/{name}", columns

    def _due(self, read: float) -> float:
        return math.inf if self._paused else read + self._interval_s

    def __repr__(self) -> str:
        return f"system_metrics(interval_s={self._interval_s:g}, prefix={self.prefix!r})"


def system_metrics(*, interval_s: float = 1.0, prefix: str = "system") -> SystemMetrics:
    """Return a source of this machine's CPU, memory, network, disk and processes.

    ``feed = hub.run(rt.sources.system_metrics())`` starts it; ``feed.source.interval_s = 0.2`` changes its
    rate while it runs and ``feed.source.paused = True`` holds it. The channels are listed in `SystemMetrics`.

    Args:
        interval_s: Seconds between two readings.
        prefix: First part of the channels' names.

    Raises:
        ConfigError: If the interval is not a number from 0.02 on.
    """
    return SystemMetrics(interval_s, prefix)


def _checked(interval_s: float) -> float:
    if isinstance(interval_s, bool) or not isinstance(interval_s, int | float):
        raise ConfigError(f"interval_s is {interval_s!r}: give seconds as a number")
    if not SHORTEST_INTERVAL_S <= interval_s < math.inf:
        raise ConfigError(
            f"interval_s is {interval_s!r}: give a number of seconds from {SHORTEST_INTERVAL_S} on"
        )
    return float(interval_s)
