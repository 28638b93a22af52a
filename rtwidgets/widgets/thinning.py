"""Fewer rows of a stream that look the same in a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Columns = dict[str, list[Any]]


def rows_of(columns: Columns, indices: Sequence[int]) -> Columns:
    """Return some rows of columns."""
    return {name: [cells[index] for index in indices] for name, cells in columns.items()}


def in_window(columns: Columns, x: str, window_ms: float | None) -> Columns:
    """Return the rows that are at most so far before the newest, where x is a time in milliseconds."""
    numbers = [cell for cell in columns.get(x, ()) if _is_number(cell)]
    if window_ms is None or not numbers:
        return columns
    oldest = max(numbers) - window_ms
    return rows_of(columns, [at for at, cell in enumerate(columns[x]) if _is_number(cell) and cell >= oldest])


def thinned(columns: Columns, y: str | None, by: str | None, most: int) -> Columns:
    """Return at most so many rows of each line, with its ends and the extremes of each part between them.

    Args:
        columns: Equal-length columns.
        y: The column that is drawn; None keeps every so manieth row.
        by: The column that tells the lines apart, if there is one.
        most: Rows of each line; at least 4.
    """
    count = len(next(iter(columns.values()), ()))
    lines: dict[str, list[int]] = {}
    for at in range(count):
        lines.setdefault(str(columns[by][at]) if by in columns else "", []).append(at)
    heights = columns.get(y or "", [None] * count)
    kept = [at for line in lines.values() for at in _thin(line, heights, most)]
    return rows_of(columns, sorted(kept))


def averaged(columns: Columns, y: str, most: int) -> Columns:
    """Return at most so many rows, each the last of a part of them, with the mean of its part.

    A line of means goes through the middle of the rows: with their extremes it would be another line.
    """
    cells = columns.get(y, [])
    count = len(cells)
    if count <= most:
        return columns
    ends = [(part + 1) * count // most for part in range(most)]
    means = []
    for start, end in zip([0, *ends], ends, strict=False):
        numbers = [cell for cell in cells[start:end] if _is_number(cell)]
        means.append(sum(numbers) / len(numbers) if numbers else None)
    return {**rows_of(columns, [end - 1 for end in ends]), y: means}


def _thin(line: list[int], heights: Sequence[Any], most: int) -> list[int]:
    if len(line) <= most:
        return line
    inner = line[1:-1]
    parts = max(1, (most - 2) // 2)
    kept = {line[0], line[-1]}
    for part in range(parts):
        some = inner[part * len(inner) // parts : (part + 1) * len(inner) // parts]
        drawn = [at for at in some if _is_number(heights[at])] or some[:1]
        kept |= {min(drawn, key=lambda at: heights[at] or 0), max(drawn, key=lambda at: heights[at] or 0)}
    return sorted(kept)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
