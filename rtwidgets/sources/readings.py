"""What psutil reads, as columns: rates out of counters, and the busiest processes."""

from __future__ import annotations

import math
import time
from typing import Any

import psutil

from ..client.columns import Columns

MAX_PROCESSES = 200
_LOOPBACK = ("lo", "lo0", "Loopback")
_ATTRIBUTES = ("pid", "name", "username", "cpu_times", "memory_info", "num_threads", "status", "create_time")


class Counters:
    """CPU, memory, network and disk. The counters only rise; a reading is what they rose by.

    `psutil.cpu_percent` would do for the CPU but keeps its last reading per thread, and readings come from a
    pool of threads.
    """

    def __init__(self) -> None:
        self._at = math.nan
        self._cores: list[tuple[float, float]] = []
        self._network: tuple[int, ...] = ()
        self._disk: tuple[int, ...] = ()

    def read(self, now: float) -> dict[str, Columns]:
        """Return columns by the last part of the channel's name; rates need a reading before.

        Args:
            now: Seconds since the Unix epoch, the ``time`` of the rows.
        """
        at = time.monotonic()
        elapsed_s = at - self._at
        cores = [_busy_and_total(times) for times in psutil.cpu_times(percpu=True)]
        network, disk = _network_bytes(), _disk_bytes()
        percents = [_percent(old, new) for old, new in zip(self._cores, cores, strict=False)]
        sent, received = _rates(self._network, network, elapsed_s)
        read, written = _rates(self._disk, disk, elapsed_s)
        used = _disk_used_percent()
        whole = _percent(_sum(self._cores), _sum(cores)) if self._cores else None
        self._at, self._cores, self._network, self._disk = at, cores, network, disk
        return {
            "cpu": {"time": [now], "cpu": [whole], "memory": [psutil.virtual_memory().percent]},
            "cores": {
                "time": [now] * len(percents),
                "core": [f"core {index}" for index in range(len(percents))],
                "percent": [*percents],
            },
            "network": {
                "time": [now, now],
                "direction": ["sent", "received"],
                "bytes_per_s": [sent, received],
            },
            "disk": {
                "time": [now, now],
                "direction": ["read", "written"],
                "bytes_per_s": [read, written],
                "used_percent": [used, used],
            },
        }


class Processes:
    """The processes that use the most CPU, and of those that use none the largest."""

    def __init__(self) -> None:
        self._at = math.nan
        self._used_s: dict[tuple[int, float], float] = {}

    def read(self) -> Columns:
        """Return the rows as columns; ``cpu_percent`` is null for a process seen for the first time."""
        at = time.monotonic()
        elapsed_s = at - self._at
        used_s: dict[tuple[int, float], float] = {}
        rows: list[dict[str, Any]] = []
        for process in psutil.process_iter():
            try:
                found = process.as_dict(_ATTRIBUTES, ad_value=None)
            except psutil.Error:  # it ended while we looked
                continue
            cpu_percent = None
            times = found["cpu_times"]
            if times is not None:
                # A pid may come back as another process; its time of birth tells them apart.
                identity = (found["pid"], found["create_time"] or 0.0)
                used_s[identity] = times.user + times.system
                before = self._used_s.get(identity)
                if before is not None and elapsed_s > 0:
                    cpu_percent = round(max(0.0, 100 * (used_s[identity] - before) / elapsed_s), 1)
            memory = found["memory_info"]
            rows.append(
                {
                    "pid": found["pid"],
                    "name": found["name"] or "?",
                    "user": found["username"],
                    "cpu_percent": cpu_percent,
                    "memory_mb": None if memory is None else round(memory.rss / 1e6, 1),
                    "threads": found["num_threads"],
                    "status": found["status"],
                }
            )
        self._at, self._used_s = at, used_s
        rows.sort(key=lambda row: (row["cpu_percent"] or 0.0, row["memory_mb"] or 0.0), reverse=True)
        names = ("pid", "name", "user", "cpu_percent", "memory_mb", "threads", "status")
        return {name: [row[name] for row in rows[:MAX_PROCESSES]] for name in names}


def _busy_and_total(times: Any) -> tuple[float, float]:
    # Linux counts a guest's time in user and nice as well.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total - times.idle - getattr(times, "iowait", 0.0), total


def _percent(old: tuple[float, float], new: tuple[float, float]) -> float | None:
    total = new[1] - old[1]
    # The kernel counts in hundredths of a second: two readings close together may see no time pass.
    return None if total <= 0 else round(min(100.0, max(0.0, 100 * (new[0] - old[0]) / total)), 1)


def _sum(cores: list[tuple[float, float]]) -> tuple[float, float]:
    return sum(busy for busy, _ in cores), sum(total for _, total in cores)


def _rates(old: tuple[int, ...], new: tuple[int, ...], elapsed_s: float) -> tuple[float | None, float | None]:
    if len(old) != 2 or len(new) != 2 or not elapsed_s > 0:
        return None, None
    # A device that went away takes its count with it; that is no traffic.
    first, second = (round(max(0, now - before) / elapsed_s) for before, now in zip(old, new, strict=True))
    return first, second


def _network_bytes() -> tuple[int, ...]:
    try:
        counters = psutil.net_io_counters(pernic=True)
    except OSError:  # a container may hide them
        return ()
    outside = [found for name, found in counters.items() if not name.startswith(_LOOPBACK)]
    return sum(found.bytes_sent for found in outside), sum(found.bytes_recv for found in outside)


def _disk_bytes() -> tuple[int, ...]:
    try:
        counters = psutil.disk_io_counters()
    except (OSError, RuntimeError, NotImplementedError):  # a container may hide them
        return ()
    return () if counters is None else (counters.read_bytes, counters.write_bytes)


def _disk_used_percent() -> float | None:
    try:
        return psutil.disk_usage("/").percent
    except OSError:
        return None
