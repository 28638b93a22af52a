"""The index of a pandas frame, which other libraries do not have: what becomes a column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import ColumnsError
from .cells import TIME_COLUMN

_OF_TIMES = ("DatetimeIndex", "PeriodIndex")  # by name: pandas is not imported for those who do not use it


def index_columns(frame: object, *, where: str, is_stream: bool) -> dict[str, Iterable[object]]:
    """Return the columns that a frame's index stands for; none for a frame without an index.

    A level with a name is the column of that name, unless the frame has one. A time index is the column
    ``time`` when it has no name, and for a stream whatever its name, unless the frame has one. Any other
    level without a name is the numbering of the rows and left out.

    Raises:
        ColumnsError: If there is a time index without a name beside a column ``time``.
    """
    taken = {str(name) for name in getattr(frame, "columns", ())}
    found: dict[str, Iterable[object]] = {}
    for level in _levels(frame):
        name = None if level.name is None else str(level.name)
        is_time = type(level).__name__ in _OF_TIMES
        if is_time and name is None and TIME_COLUMN in taken:
            raise ColumnsError(
                f"the frame for {where} has a column 'time' and a time index without a name: name the index, "
                "or drop it with reset_index(drop=True)"
            )
        if is_time and TIME_COLUMN not in taken and (is_stream or name is None):
            name = TIME_COLUMN
        if name is not None and name not in taken:
            taken.add(name)
            found[name] = level.tolist()
    return found


def index_hint(frame: object, key: str) -> str:
    """Return what to do when the key column is missing and may be the frame's index without a name."""
    if any(level.name is None and type(level).__name__ != "RangeIndex" for level in _levels(frame)):
        return f"; the index has no name: if it is the key, use rename_axis({key!r})"
    return ""


def _levels(frame: object) -> list[Any]:
    index: Any = getattr(frame, "index", None)
    if not hasattr(index, "get_level_values"):
        return []
    return [index.get_level_values(number) for number in range(index.nlevels)]
