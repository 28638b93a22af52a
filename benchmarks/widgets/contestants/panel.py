"""Bokeh's data source in Panel's panes: `stream` for the chart, `patch` for the table."""

from __future__ import annotations

import asyncio
from typing import Any

import pandas as pd
import panel as pn
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

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
    """Stream rows into a figure; what is older than the window rolls over."""
    pn.extension(inline=True)
    source = ColumnDataSource({"time": [], "fine": [], "coarse": []})
    plot = figure(height=400, width=1100, x_axis_type="datetime")
    plot.line("time", "fine", source=source, color="steelblue")
    plot.line("time", "coarse", source=source, color="darkorange")
    pane = pn.pane.Bokeh(plot)
    kept = min(KEPT_ROWS, rate * WINDOW_S)

    async def feed() -> None:
        async for start, end, count in paced(Flow(rate, told), INTERVAL_S):
            columns = chart_rows(start, end, count)
            columns["time"] = columns["time"] * 1000
            source.stream(columns, rollover=kept)
            pn.io.push_notebook(pane)

    _tasks.add(asyncio.ensure_future(feed()))
    return pane


def table(rows: int, rate: int, told: str) -> Any:
    """Patch cells of a Tabulator."""
    pn.extension("tabulator", inline=True)
    frame = pd.DataFrame(whole_table(rows)).set_index("id")
    shown = pn.widgets.Tabulator(frame, height=400, pagination=None)

    async def feed() -> None:
        async for _, end, count in paced(Flow(rate / CHANGED_CELLS, told), INTERVAL_S):
            columns = table_changes(end, rows, count)
            ids = columns.pop("id")
            shown.patch({name: list(zip(ids, cells, strict=True)) for name, cells in columns.items()})

    _tasks.add(asyncio.ensure_future(feed()))
    return shown
