"""Perspective's widget on a table of its own engine, in the kernel."""

from __future__ import annotations

import asyncio
from typing import Any

import pandas as pd
import perspective
from perspective.widget import PerspectiveWidget

from benchmarks.widgets.flow import (
    KEPT_ROWS,
    WINDOW_S,
    Flow,
    chart_rows,
    paced,
    table_changes,
    whole_table,
)
from benchmarks.widgets.tasks import CHANGED_CELLS

INTERVAL_S = 0.025
_tasks: set[asyncio.Task[None]] = set()


def chart(rate: int, told: str) -> Any:
    """Update a table that holds so many rows, and show it as lines."""
    kept = min(KEPT_ROWS, rate * WINDOW_S)
    data = perspective.table({"time": "datetime", "fine": "float", "coarse": "float"}, limit=kept)
    widget = PerspectiveWidget(data, plugin="X/Y Line", columns=["time", "fine"], settings=False)

    async def feed() -> None:
        async for start, end, count in paced(Flow(rate, told), INTERVAL_S):
            frame = pd.DataFrame(chart_rows(start, end, count))
            frame["time"] = pd.to_datetime(frame["time"], unit="s")
            data.update(frame)

    _tasks.add(asyncio.ensure_future(feed()))
    return widget


def table(rows: int, rate: int, told: str) -> Any:
    """Update rows of a table by their key."""
    data = perspective.table(whole_table(rows), index="id")
    widget = PerspectiveWidget(data, plugin="Datagrid", settings=False)

    async def feed() -> None:
        async for _, end, count in paced(Flow(rate / CHANGED_CELLS, told), INTERVAL_S):
            data.update(table_changes(end, rows, count))

    _tasks.add(asyncio.ensure_future(feed()))
    return widget
