"""Where the panels of a dashboard stand: a grid of 12 columns and, one below the other, rows of panels.

A row is what stands between two lines across the whole grid that go through no panel. It begins where the one
above it has ended. In it panels rise until they meet another, and never out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

import msgspec
from msgspec import Struct, field

COLUMNS = 12
MAX_ROWS = 40
MAX_PANELS = 64
# No panel stands so far down; it rises to below the others.
AT_THE_END = 100_000


class Panel(Struct, frozen=True, rename={"columns": "w", "rows": "h"}):
    """One widget of a dashboard and its place on the grid.

    Args:
        id: Its name in the dashboard, such as ``"chart"`` or ``"chart-2"``.
        x: Columns left of it, 0 to 11.
        y: Rows above it.
        columns: Its width, 1 to 12 columns.
        rows: Its height, in rows of 40 pixels.
        spec: The widget: kind, channels and options.
    """

    id: str
    x: int = 0
    y: int = AT_THE_END
    columns: int = COLUMNS
    rows: int = 8
    spec: dict[str, object] = field(default_factory=dict)


def settled(panels: Iterable[Panel]) -> list[Panel]:
    """Return the panels in reading order: none over another, and no gap above a row or in it."""
    edge = [0] * COLUMNS
    apart = []
    for panel in sorted(map(on_grid, panels), key=_by_reading):
        place = slice(panel.x, panel.x + panel.columns)
        y = max(panel.y, *edge[place])
        edge[place] = [y + panel.rows] * panel.columns
        apart.append(msgspec.structs.replace(panel, y=y))
    return in_reading_order(chain.from_iterable(stacked(rows_of(apart))))


def rows_of(panels: Iterable[Panel]) -> list[list[Panel]]:
    """Return the rows of the grid, each from top to bottom."""
    return _cut(sorted(panels, key=_by_reading), lambda panel: (panel.y, panel.y + panel.rows))


def in_reading_order(panels: Iterable[Panel]) -> list[Panel]:
    """Return row after row, and in a row column after column, where a line goes between them."""
    found: list[Panel] = []
    for row in rows_of(panels):
        columns = _cut(row, lambda panel: (panel.x, panel.x + panel.columns))
        found += chain.from_iterable(map(in_reading_order, columns)) if len(columns) > 1 else row
    return found


def stacked(rows: Iterable[Sequence[Panel]]) -> list[list[Panel]]:
    """Let the panels of each row rise, in their order, to where the row above has ended."""
    start, found = 0, []
    for row in rows:
        edge = [start] * COLUMNS
        placed = []
        for panel in row:
            place = slice(panel.x, panel.x + panel.columns)
            y = max(edge[place])
            edge[place] = [y + panel.rows] * panel.columns
            placed.append(msgspec.structs.replace(panel, y=y))
        start = max(edge)
        found.append(placed)
    return found


def bottom(panels: Iterable[Panel]) -> int:
    """Return how many rows of the grid the panels take."""
    return max((panel.y + panel.rows for panel in panels), default=0)


def last_place(panels: Iterable[Panel], columns: int) -> tuple[int, int]:
    """Return x and y of the highest place for so many columns in the last row, or below it."""
    *_, last = [[], *rows_of(panels)]
    edge = [min((panel.y for panel in last), default=0)] * COLUMNS
    for panel in last:
        for column in range(panel.x, panel.x + panel.columns):
            edge[column] = max(edge[column], panel.y + panel.rows)
    y, x = min((max(edge[x : x + columns]), x) for x in range(COLUMNS - columns + 1))
    return x, y


def on_grid(panel: Panel) -> Panel:
    """Return the panel inside the grid: what a peer wrote may be anywhere."""
    columns = min(max(panel.columns, 1), COLUMNS)
    return msgspec.structs.replace(
        panel,
        x=min(max(panel.x, 0), COLUMNS - columns),
        y=max(panel.y, 0),
        columns=columns,
        rows=min(max(panel.rows, 1), MAX_ROWS),
    )


def _by_reading(panel: Panel) -> tuple[int, int]:
    return panel.y, panel.x


def _cut(panels: Iterable[Panel], ends: Callable[[Panel], tuple[int, int]]) -> list[list[Panel]]:
    """Return the groups of panels between the lines that go through none of them."""
    parts: list[list[Panel]] = []
    reached = 0
    for panel in sorted(panels, key=lambda one: ends(one)[0]):
        start, end = ends(panel)
        if not parts or start >= reached:
            parts.append([])
        parts[-1].append(panel)
        reached = max(reached, end)
    return parts


def widths(spans: Sequence[int | None]) -> list[int]:
    """Share the columns of a row out: those that were chosen, and the rest evenly.

    Raises:
        ValueError: If they are more than there are.
    """
    chosen = sum(span for span in spans if span is not None)
    open_ones = spans.count(None)
    left = COLUMNS - chosen
    if left < open_ones:
        raise ValueError(
            f"a row has {COLUMNS} columns, too few for {len(spans)} widgets of which some take {chosen}: "
            "begin another row"
        )
    shares = iter(left // open_ones + (number < left % open_ones) for number in range(open_ones))
    return [next(shares) if span is None else span for span in spans]
