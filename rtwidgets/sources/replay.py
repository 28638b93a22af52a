"""A file of rows with times, played again at its own pace or a multiple."""

from __future__ import annotations

import asyncio
import math
import os
import time
from bisect import bisect_right
from collections.abc import AsyncIterator
from pathlib import Path

from ..client.columns import Columns
from ..errors import ConfigError
from .pause import Pause
from .rows_file import read_rows

TICK_S = 0.05
ROWS_AT_ONCE = 1000


class Replay:
    """The rows of a file in the order and pace of their times, as columns for ``hub.run(..., into=stream)``.

    The time column is published as ``time``, unchanged. Rows that are due within a twentieth of a second go
    out as one batch. The file is read and checked when the object is made.

    Args:
        path: A ``.csv`` or ``.parquet`` file.
        time: Name of the column with seconds since the Unix epoch, datetimes or ISO 8601 texts.
        speed: Multiple of the rows' own pace; None for as fast as possible.

    Raises:
        FileNotFoundError: If there is no such file.
        ColumnsError: If there is no time column, times fall, or a row can't be read.
        ConfigError: If the speed is not above 0, or the file is of another type or needs pyarrow.
    """

    def __init__(self, path: str | os.PathLike[str], time: str = "time", speed: float | None = 1.0) -> None:
        self.path = Path(path)
        self._pause = Pause()
        self._speed = _checked(speed)
        self._columns = read_rows(self.path, time)
        self._times = [float(cell) for cell in self._columns["time"] if isinstance(cell, int | float)]
        self._sent = 0
        # A moment of the file and the moment of the clock at which it is due, as long as the speed holds.
        self._anchor = (0.0, 0.0)

    @property
    def speed(self) -> float | None:
        """Multiple of the rows' own pace; set it from any thread, a running replay follows at once."""
        return self._speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        checked = _checked(speed)
        clock = time.monotonic()
        self._anchor, self._speed = (self._reached(clock), clock), checked
        self._pause.moved()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._times)

    async def __aiter__(self) -> AsyncIterator[Columns]:
        """Yield the rows from the first to the last, as they come due."""
        if not self._times:
            return
        self._sent, self._anchor = 0, (self._times[0], time.monotonic())
        while self._sent < len(self):
            await self._pause.until(self._next_due)
            first, reached = self._sent, self._reached(time.monotonic())
            # One row at least: the clock may stand a hair before the moment that was due.
            until = math.inf if self._speed is None else max(reached, self._times[first])
            self._sent = min(bisect_right(self._times, until, first), first + ROWS_AT_ONCE)
            yield {name: cells[first : self._sent] for name, cells in self._columns.items()}
            is_behind = self._sent - first == ROWS_AT_ONCE
            await asyncio.sleep(0 if is_behind or self._speed is None else TICK_S)

    def _reached(self, clock: float) -> float:
        """Return the moment of the file that is reached at a moment of the clock."""
        if self._speed is None:
            return self._times[max(0, self._sent - 1)] if self._times else 0.0
        at_s, at_clock = self._anchor
        return at_s + (clock - at_clock) * self._speed

    def _next_due(self) -> float:
        at_s, at_clock = self._anchor
        return -math.inf if self._speed is None else at_clock + (self._times[self._sent] - at_s) / self._speed

    def __repr__(self) -> str:
        return f"replay({str(self.path)!r}, speed={self._speed}), {len(self)} rows"


def replay(path: str | os.PathLike[str], *, time: str = "time", speed: float | None = 1.0) -> Replay:
    """Return a source that plays a CSV or Parquet file again.

    ``hub.run(rt.sources.replay("prices.csv", speed=60), into=prices)`` plays an hour in a minute.

    Args:
        path: A ``.csv`` or ``.parquet`` file; Parquet needs ``pip install 'rtwidgets[parquet]'``.
        time: Name of the column with seconds since the Unix epoch, datetimes or ISO 8601 texts. It is
            published as ``time``.
        speed: Multiple of the rows' own pace; None for as fast as possible.

    Raises:
        FileNotFoundError: If there is no such file.
        ColumnsError: If there is no time column, times fall, or a row can't be read.
        ConfigError: If the speed is not above 0, or the file is of another type or needs pyarrow.
    """
    return Replay(path, time, speed)


def _checked(speed: float | None) -> float | None:
    if speed is None:
        return None
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 < speed < math.inf:
        raise ConfigError(f"speed is {speed!r}: give a number above 0, or None for as fast as possible")
    return float(speed)
