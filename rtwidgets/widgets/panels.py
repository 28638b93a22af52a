"""Where the panels of a dashboard stand: a grid of 12 columns, in which they rise until they meet another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    """Return the panels in reading order, each as high as those before it allow; none covers another."""
    return _risen(sorted(map(_on_grid, panels), key=lambda panel: (panel.y, panel.x)))


def moved(panels: Sequence[Panel], panel: Panel) -> list[Panel]:
    """Return the panels with one of them at another place or in another size; others make room for it."""
    before = next(other for other in panels if other.id == panel.id)
    # Where two begin in the same row the moved one has it, unless it would rise to where it came from.
    rank = 1 if panel.y > before.y else -1
    changed = [panel if other.id == panel.id else other for other in panels]
    order = sorted(
        map(_on_grid, changed), key=lambda other: (other.y, rank if other.id == panel.id else 0, other.x)
    )
    return _risen(order)


def highest_place(panels: Iterable[Panel], columns: int) -> tuple[int, int]:
    """Return x and y of the highest place that is free below others for so many columns."""
    edge = [0] * COLUMNS
    for panel in panels:
        for column in range(panel.x, panel.x + panel.columns):
            edge[column] = max(edge[column], panel.y + panel.rows)
    y, x = min((max(edge[x : x + columns]), x) for x in range(COLUMNS - columns + 1))
    return x, y


def _risen(order: Iterable[Panel]) -> list[Panel]:
    edge = [0] * COLUMNS
    placed = []
    for panel in order:
        place = slice(panel.x, panel.x + panel.columns)
        y = max(edge[place])
        edge[place] = [y + panel.rows] * panel.columns
        placed.append(msgspec.structs.replace(panel, y=y))
    return sorted(placed, key=lambda panel: (panel.y, panel.x))


def _on_grid(panel: Panel) -> Panel:
    """Return the panel inside the grid: what a peer wrote may be anywhere."""
    columns = min(max(panel.columns, 1), COLUMNS)
    return msgspec.structs.replace(
        panel,
        x=min(max(panel.x, 0), COLUMNS - columns),
        columns=columns,
        rows=min(max(panel.rows, 1), MAX_ROWS),
    )


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
