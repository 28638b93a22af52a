"""How a panel of a dashboard gets to another place: into a row of others, or between two rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from .panels import Panel, bottom, on_grid, rows_of, settled, stacked


def moved(panels: Sequence[Panel], panel: Panel) -> list[Panel]:
    """Return the panels with one of them at another place or in another size; others make room for it.

    Source: js/src/lib/panel_moves.ts, which says when it goes into a row; both come to the same.
    """
    rows = rows_of(settled(panels))
    home, before = next((at, other) for at, row in enumerate(rows) for other in row if other.id == panel.id)
    panel = on_grid(panel)
    left = [[other for other in row if other.id != panel.id] for row in rows]
    rest = stacked(left)
    seen = rest if panel.y > before.y else left

    def is_first(other: Panel) -> bool:
        middle = other.y + other.rows / 2
        if panel.y > before.y:
            return middle < panel.y
        return middle <= panel.y if panel.y < before.y else other.y < panel.y

    def is_in_way(other: Panel) -> bool:
        return other.x < panel.x + panel.columns and panel.x < other.x + other.columns

    def into(at: int) -> list[list[Panel]]:
        own = seen[at]
        row = [*filter(is_first, own), panel, *(other for other in own if not is_first(other))]
        return [*rest[:at], row, *rest[at + 1 :]]

    def above(at: int) -> list[list[Panel]]:
        return [*rest[:at], [panel], *rest[at:]]

    def placed() -> list[list[Panel]]:
        if panel.y == before.y:
            return into(home)
        at = next((at for at, row in enumerate(rest) if panel.y < bottom(row)), len(rest))
        if at == len(rest):
            return above(at)
        in_way = list(filter(is_in_way, seen[at]))
        first = list(filter(is_first, in_way))
        if len(first) < len(in_way) or not in_way:
            later = [other for other in in_way if other not in first]
            is_between = bool(first) and all(other.y >= bottom(first) for other in later)
            return into(at) if at == home or not in_way or is_between else above(at)
        if bottom(first) < bottom(seen[at]):
            return into(at)
        has_room = at + 1 < len(rest) and (at + 1 == home or not any(map(is_in_way, rest[at + 1])))
        return into(at + 1) if has_room else above(at + 1)

    return settled(chain.from_iterable(stacked(placed())))
