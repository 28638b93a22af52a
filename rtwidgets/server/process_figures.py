"""What the hub's process takes, and how late its event loop is, in figures for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psutil

from ..core.figures import SECONDS, Histogram
from .exposition import Family, histogram, one

_INTERVAL_S = 0.25


class ProcessFigures:
    """Figures of this process, under the names that all programs give them."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.lag = Histogram(SECONDS)

    async def watch(self) -> None:
        """See how late the event loop wakes who waits, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _INTERVAL_S
            await asyncio.sleep(_INTERVAL_S)
            self.lag.add(max(0.0, loop.time() - due))

    def cpu_s(self) -> float:
        """Return the CPU time, user and system, in seconds."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def memory_bytes(self) -> int:
        """Return the resident memory."""
        return int(self._process.memory_info().rss)

    def families(self) -> Iterator[Family]:
        """Yield the figures."""
        process = self._process
        with process.oneshot():
            cpu_s, memory, started = self.cpu_s(), self.memory_bytes(), process.create_time()
        yield one("process_cpu_seconds_total", "counter", "CPU time, user and system.", cpu_s)
        yield one("process_resident_memory_bytes", "gauge", "Resident memory.", memory)
        yield one("process_start_time_seconds", "gauge", "When it started, Unix time.", started)
        if hasattr(process, "num_fds"):  # not on Windows
            yield one("process_open_fds", "gauge", "Open file descriptors.", process.num_fds())
        yield histogram("rtwidgets_loop_lag_seconds", "How late the event loop wakes who waits.", self.lag)
