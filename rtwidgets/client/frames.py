"""Data frames out of columns, for ``to_frame``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import compress
from typing import Any, Literal

from ..errors import ColumnsError
from .cells import TIME_COLUMN, Cell
from .columns import Columns

Backend = Literal["pandas", "polars", "arrow"]

# What pandas has nanoseconds for: the years 1678 to 2261.
MAX_TIME_MS = 9_200_000_000_000

# Cells that a frame may have, most of them nulls then, and how many more for each cell that was published.
SPARSE_CELLS = 10_000_000
CELLS_FOR_EACH = 8


def join_columns(batches: Sequence[Columns]) -> Columns:
    """Join batches of rows; cells that a batch has no column for are null.

    Nulls are bounded: one publication of thousands of names must not make all rows as wide. Where there would
    be more, the columns with the fewest cells are left out; one that an eighth of the rows have never is.
    """
    counts: Counter[str] = Counter()
    count = 0
    for batch in sorted(batches, key=len):  # of columns with as many cells those of the narrowest come first
        rows = _rows(batch)
        count += rows
        counts.update(dict.fromkeys(batch, rows))
    most = (SPARSE_CELLS + CELLS_FOR_EACH * counts.total()) // max(1, count)
    kept = dict(counts.most_common(most)) if len(counts) > most else counts
    joined: Columns = {name: [] for batch in batches for name in batch if name in kept}
    for batch in batches:
        nulls: list[Cell] = [None] * _rows(batch)
        for name, cells in joined.items():
            cells += batch.get(name) or nulls
    return joined


def row_times(batch: Columns, came_ms: int) -> list[float]:
    """Return for each row its time, or when the hub got it where that was earlier or the row has none.

    So no row in the far future is the newest one that all others are too old beside.
    """
    cells: Sequence[Cell] = batch.get(TIME_COLUMN) or [None] * _rows(batch)
    return [came_ms if (time := _time_or_none(cell)) is None else min(time, came_ms) for cell in cells]


def rows_since(batch: Columns, times: Sequence[float], oldest_ms: float) -> Columns:
    """Return the rows of a batch whose times, as `row_times` gave them, are not older."""
    keep = [time >= oldest_ms for time in times]
    return {name: list(compress(cells, keep)) for name, cells in batch.items()} if any(keep) else {}


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


def _rows(batch: Columns) -> int:
    return len(next(iter(batch.values()), ()))


def _time_or_none(cell: Cell) -> float | None:
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
