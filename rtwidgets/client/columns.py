"""Columns out of anything an analyst holds: a row, a dict of lists, a list of dicts, a data frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import ColumnsError, KeyColumnError
from .cells import TIME_COLUMN, Cell, plain_cells
from .frame_index import index_columns, index_hint

Columns = dict[str, list[Cell]]


def to_columns(data: object, *, where: str, is_stream: bool = True) -> Columns:
    """Return equal-length columns of plain JSON cells.

    NaN and infinities become null. The column ``time`` is integer milliseconds since the Unix epoch on the
    wire: numbers in it are read as seconds, datetimes as what they are. Datetimes in other columns become
    integer milliseconds as well. Datetimes without a zone, of any library, are this machine's local time;
    dates are midnight in UTC. What becomes of the index of a pandas frame is said in `frame_index`.

    Args:
        data: A dict of cells (one row), a dict of lists or arrays, a list of dicts, or any data frame that
            narwhals knows (pandas, polars, Arrow, ...).
        where: What the columns are for, for messages: ``"'stream:prices'"``.
        is_stream: Whether a frame's time index is ``time`` even under another name.

    Raises:
        ColumnsError: If lengths differ, there is no column, two have one name, or a column has a type with no
            place in JSON.
    """
    if isinstance(data, Mapping):
        raw = _of_mapping(data)
    elif isinstance(data, Sequence) and not isinstance(data, str | bytes):
        raw = _of_rows(data, where)
    else:
        raw = _of_frame(data, where, is_stream)
    columns = {str(name): plain_cells(cells, where=where, name=str(name)) for name, cells in raw.items()}
    if not columns:
        raise ColumnsError(
            f"no columns for {where}: give cells by name, such as price=101.2, or a data frame"
        )
    if len(columns) != len(raw):
        raise ColumnsError(f"two columns of {where} have the same name; columns are {_names(map(str, raw))}")
    if len({len(cells) for cells in columns.values()}) > 1:
        lengths = ", ".join(f"{name!r} has {len(cells)}" for name, cells in columns.items())
        raise ColumnsError(f"columns of {where} have unequal lengths: {lengths}")
    return columns


def with_time(columns: Columns, now: float) -> Columns:
    """Return the columns of a stream with a ``time``, which is now where there is none.

    Args:
        columns: As `to_columns` made them.
        now: Seconds since the Unix epoch.

    Raises:
        ColumnsError: If ``time`` is there and has a missing cell.
    """
    times = columns.get(TIME_COLUMN)
    if times is None:
        count = len(next(iter(columns.values())))
        return {TIME_COLUMN: [round(now * 1000)] * count, **columns}
    if None in times:
        raise ColumnsError(
            f"column 'time' has no value in row {times.index(None)}: fill it, or leave the column out for now"
        )
    return columns


def check_key(columns: Columns, key: str, *, table: str, data: object) -> None:
    """Check that rows can be found by their key.

    Args:
        columns: As `to_columns` made them of ``data``.
        key: Name of the key column.
        table: Name of the table, for messages.
        data: What the columns came from, for a hint.

    Raises:
        KeyColumnError: If the key column is missing or has a null.
    """
    cells = columns.get(key)
    if cells is None:
        raise KeyColumnError(
            f"table {table!r} has no key column {key!r}; columns are {_names(columns)}{index_hint(data, key)}"
        )
    if None in cells:
        raise KeyColumnError(
            f"key column {key!r} of table {table!r} has no value in row {cells.index(None)}: "
            "every row needs one"
        )


def split_rows(columns: Columns, parts: int) -> Iterator[Columns]:
    """Yield the rows in at most so many nearly equal parts, in order."""
    count = len(next(iter(columns.values())))
    step = -(-count // parts)
    for start in range(0, count, step):
        yield {name: cells[start : start + step] for name, cells in columns.items()}


def _of_mapping(data: Mapping[Any, Any]) -> Mapping[Any, Iterable[object]]:
    if data and not any(_is_column(value) for value in data.values()):
        return {name: [value] for name, value in data.items()}  # one row
    # A single cell among lists counts as a column of one, so the message about lengths names it.
    return {name: value if _is_column(value) else [value] for name, value in data.items()}


def _of_rows(rows: Sequence[Any], where: str) -> Mapping[Any, Iterable[object]]:
    names: dict[Any, None] = {}
    for row in rows:
        if not isinstance(row, Mapping):
            raise ColumnsError(
                f"{where} got a list with a {type(row).__name__} in it: "
                "give a list of dicts, one for each row"
            )
        names.update(dict.fromkeys(row))
    return {name: [row.get(name) for row in rows] for name in names}


def _of_frame(data: Any, where: str, is_stream: bool) -> Mapping[Any, Iterable[object]]:
    import narwhals as nw

    _check_names(data, where)
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        raise ColumnsError(
            f"{where} can't take a {type(data).__name__}: give cells by name, a dict of lists, "
            "a list of dicts or a data frame (pandas, polars, Arrow)"
        ) from None
    columns = {name: frame.get_column(name).to_list() for name in frame.columns}
    return {**index_columns(data, where=where, is_stream=is_stream), **columns}


def _check_names(frame: Any, where: str) -> None:
    # Arrow's `columns` are its cells. A mapping can't have a name twice.
    names = getattr(frame, "column_names", None)
    if names is None:
        names = getattr(frame, "columns", None)
    counts = Counter(map(str, names if isinstance(names, Iterable) else ()))
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ColumnsError(
            f"the frame for {where} has more than one column {_names(twice)}: give each a name of its own"
        )


def _is_column(value: object) -> bool:
    if isinstance(value, str | bytes | Mapping):
        return False
    return isinstance(value, Iterable) and getattr(value, "shape", None) != ()


def _names(names: Iterable[object]) -> str:
    return ", ".join(repr(name) for name in names)
