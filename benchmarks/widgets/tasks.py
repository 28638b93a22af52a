"""What every widget has to show, and who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Chart:
    """Two lines over time.

    Args:
        rate: Rows per second.
    """

    name: str
    rate: int

    @property
    def title(self) -> str:
        """The heading in the report."""
        return f"A chart of two lines, {self.rate:,} rows/s"

    @property
    def call(self) -> str:
        """The call in the notebook."""
        return f"chart({self.rate}"


@dataclass(frozen=True)
class Table:
    """A keyed table of which cells change.

    Args:
        rate: Changes of cells per second.
    """

    name: str
    rows: int
    rate: int

    @property
    def title(self) -> str:
        """The heading in the report."""
        return f"A table of {self.rows:,} rows, {self.rate:,} cell changes/s"

    @property
    def call(self) -> str:
        """The call in the notebook."""
        return f"table({self.rows}, {self.rate}"


Task: TypeAlias = Chart | Table

# Of the cells of a table's row this many change at a time.
CHANGED_CELLS = 2


def rows_per_s(task: Task) -> float:
    """Return how many rows a source has to make or change."""
    return task.rate if isinstance(task, Chart) else task.rate / CHANGED_CELLS


TASKS: tuple[Task, ...] = (
    Chart("chart-2k", 2_000),
    Chart("chart-20k", 20_000),
    Chart("chart-200k", 200_000),
    Table("table-2k", 100_000, 2_000),
    Table("table-20k", 100_000, 20_000),
)


@dataclass(frozen=True)
class Contestant:
    """A widget, and the way its data takes.

    Args:
        module: Where in `contestants` it is.
        transport: How our widget's page reaches the hub; None for the others, who have the kernel's comm.
        outside: Whether a process of its own publishes, and not the kernel.
    """

    name: str
    title: str
    module: str
    transport: Literal["direct", "relay"] | None = None
    outside: bool = False


CONTESTANTS = (
    Contestant("direct", "rtwidgets, direct, own publisher", "ours", "direct", outside=True),
    Contestant("direct-kernel", "rtwidgets, direct, from the kernel", "ours", "direct"),
    Contestant("relay", "rtwidgets, relay, own publisher", "ours", "relay", outside=True),
    Contestant("relay-kernel", "rtwidgets, relay, from the kernel", "ours", "relay"),
    Contestant("traits", "anywidget with traits", "traits"),
    Contestant("panel", "Panel and Bokeh", "panel"),
    Contestant("perspective", "Perspective", "perspective"),
)
