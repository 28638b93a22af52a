"""What the widgets are held to."""

from __future__ import annotations

from collections.abc import Callable

from ..goals import Goal
from ..results import Record


def _figure(task: str, contestant: str, figure: str) -> Callable[[Record], float | None]:
    return lambda record: record.middle(task, contestant, figure)


GOALS = (
    Goal(
        "LiveChart, direct: rows/s painted",
        _figure("chart-200k", "direct", "painted_per_s"),
        190_000,
        True,
        "{:,.0f}",
    ),
    Goal(
        "LiveChart, direct, 200,000 rows/s: painted frames/s",
        _figure("chart-200k", "direct", "fps"),
        30,
        True,
        "{:.1f}",
    ),
    Goal(
        "LiveChart, direct, 200,000 rows/s: p99 age on screen, ms",
        _figure("chart-200k", "direct", "age_p99_ms"),
        100,
        False,
        "{:.0f}",
    ),
    Goal(
        "LiveTable, direct, 100,000 rows, 20,000 changes/s: painted frames/s",
        _figure("table-20k", "direct", "fps"),
        30,
        True,
        "{:.1f}",
    ),
)
