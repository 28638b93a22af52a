"""Data frames out of columns, for ``to_frame``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from ..errors import ColumnsError
from .cells import TIME_COLUMN, Cell
from .columns import Columns

Backend = Literal["pandas", "polars", "arrow"]

# What pandas has nanoseconds for: the years 1678 to 2261.
MAX_TIME_MS = 9_200_000_000_000


def join_columns(batches: Iterable[Columns]) -> Columns:
    """Join batches of rows; cells that a batch has no column for are null."""
    joined: dict[str, list[Cell]] = {}
    count = 0
    for batch in batches:
        rows = len(next(iter(batch.values()), []))
        for name in batch:
            joined.setdefault(name, [None] * count)
        for name, cells in joined.items():
            cells += batch.get(name) or [None] * rows
        count += rows
    return joined


def newest_rows(columns: Columns, last_s: float) -> Columns:
    """Keep the rows of the last seconds before the newest row."""
    times = columns.get(TIME_COLUMN, [])
    stamps = [time for time in times if isinstance(time, int | float)]
    if not stamps:
        return columns
    oldest = max(stamps) - last_s * 1000
    keep = [isinstance(time, int | float) and time >= oldest for time in times]
    return {
        name: [cell for cell, kept in zip(cells, keep, strict=True) if kept]
        for name, cells in columns.items()
    }


def build_frame(columns: Columns, backend: Backend) -> Any:
    """Return a data frame; the column ``time`` becomes datetimes in UTC, missing where a cell is none.

    Raises:
        ColumnsError: If a column mixes types that the backend can't have in one column.
        ImportError: If the library is not installed; the message says how to get it.
        ValueError: If the backend has another name.
    """
    if TIME_COLUMN in columns:
        columns = {**columns, TIME_COLUMN: [_time_or_none(cell) for cell in columns[TIME_COLUMN]]}
    if backend == "pandas":
        pandas = _library("pandas", backend)
        frame = pandas.DataFrame(columns)
        if TIME_COLUMN in columns:
            frame[TIME_COLUMN] = pandas.to_datetime(frame[TIME_COLUMN], unit="ms", utc=True)
        return frame
    if backend == "polars":
        polars = _library("polars", backend)
        frame = polars.DataFrame(columns, strict=False, infer_schema_length=None)
        if TIME_COLUMN in columns:
            time = polars.col(TIME_COLUMN).cast(polars.Int64).cast(polars.Datetime("ms", "UTC"))
            frame = frame.with_columns(time)
        return frame
    if backend == "arrow":
        pyarrow = _library("pyarrow", backend)
        return pyarrow.table({name: _arrow_array(pyarrow, name, cells) for name, cells in columns.items()})
    raise ValueError(f"backend {backend!r} is not known: use 'pandas', 'polars' or 'arrow'")


def _time_or_none(cell: Cell) -> Cell:
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) <= MAX_TIME_MS:
        return cell
    return None


def _arrow_array(pyarrow: Any, name: str, cells: list[Cell]) -> Any:
    try:
        return pyarrow.array(cells, pyarrow.timestamp("ms", "UTC") if name == TIME_COLUMN else None)
    except (pyarrow.ArrowException, OverflowError, TypeError) as error:
        types = ", ".join(dict.fromkeys(type(cell).__name__ for cell in cells if cell is not None))
        raise ColumnsError(
            f"column {name!r} can't be an Arrow column, it holds {types}: use backend='pandas', or publish "
            f"one type ({error})"
        ) from None


def _library(name: str, backend: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"to_frame(backend={backend!r}) needs {name}: pip install {name}") from error
