"""The data: rows whose values say when they were made, at a set rate.

A chart's two lines are saw teeth of a short and a long period. The height of their last points tells the time
of the newest row that is drawn, to the millisecond, in whatever chart. A table's `stamp` says it in digits.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .tasks import CHANGED_CELLS
from .timeline import COARSE_MS, FINE_MS, STAMP_MS

Columns = dict[str, list[Any]]

# What the others keep: as many rows as a LiveChart does.
KEPT_ROWS = 100_000
WINDOW_S = 5
# These rows are in sight and change each time.
ALWAYS_CHANGED = 5
_TELL_S = 0.2


class Flow:
    """How many rows are due, and a file that tells what was made.

    Args:
        rate: Rows per second.
        told: The file; it holds process id, rows and the time of the last of them.
    """

    def __init__(self, rate: float, told: str) -> None:
        self._rate = rate
        self._told = Path(told)
        self._rows = 0
        self._until = time.time()
        self._told_at = 0.0

    def due(self) -> tuple[float, float, int]:
        """Return the time that no row was made for yet, as its two ends, and the number of rows for it."""
        now = time.time()
        count = int((now - self._until) * self._rate)
        start = self._until
        self._until = start + count / self._rate
        self._rows += count
        if now - self._told_at >= _TELL_S:
            self._told_at = now
            fresh = self._told.with_suffix(".new")
            fresh.write_text(json.dumps({"pid": os.getpid(), "rows": self._rows, "at": self._until}))
            fresh.replace(self._told)
        return start, self._until, count


def chart_rows(start: float, end: float, count: int) -> dict[str, np.ndarray[Any, Any]]:
    """Return rows that were made between two times, in seconds, as arrays."""
    times = start + (end - start) * np.arange(1, count + 1) / count
    ms = times * 1000
    return {
        "time": times,
        "fine": np.round(ms % FINE_MS / FINE_MS, 4),
        "coarse": np.round(ms % COARSE_MS / COARSE_MS, 5),
    }


def whole_table(rows: int) -> Columns:
    """Return the columns of a table at its beginning."""
    return {
        "id": list(range(rows)),
        "stamp": [0] * rows,
        "price": [round(random.uniform(90, 110), 2) for _ in range(rows)],
        "size": [random.randrange(1000) for _ in range(rows)],
        "name": [f"item {row}" for row in range(rows)],
    }


def table_changes(end: float, rows: int, count: int) -> Columns:
    """Return changes of so many rows, the first ones always among them."""
    ids = list(dict.fromkeys([*range(ALWAYS_CHANGED), *(random.randrange(rows) for _ in range(count))]))
    ids = ids[: max(count, 1)]
    return {
        "id": ids,
        "stamp": [int(end * 1000) % STAMP_MS] * len(ids),
        "price": [round(random.uniform(90, 110), 2) for _ in ids],
    }


def chart_batches(rate: int, told: str, interval_s: float) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    """Yield the rows of a chart for ever, a batch for each interval."""
    flow = Flow(rate, told)
    while True:
        time.sleep(interval_s)
        start, end, count = flow.due()
        if count:
            yield chart_rows(start, end, count)


def table_batches(rows: int, rate: int, told: str, interval_s: float) -> Iterator[Columns]:
    """Yield changes of a table for ever, a batch for each interval."""
    flow = Flow(rate / CHANGED_CELLS, told)
    while True:
        time.sleep(interval_s)
        _, end, count = flow.due()
        if count:
            yield table_changes(end, rows, count)


async def paced(flow: Flow, interval_s: float) -> AsyncIterator[tuple[float, float, int]]:
    """Yield what is due, for a task in a kernel's loop."""
    while True:
        await asyncio.sleep(interval_s)
        start, end, count = flow.due()
        if count:
            yield start, end, count
