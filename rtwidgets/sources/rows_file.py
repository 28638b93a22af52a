"""Reading a CSV or Parquet file whose rows are in the order of a time column."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ..client.cells import Cell
from ..client.columns import Columns
from ..errors import ColumnsError, ConfigError


def read_rows(path: Path, time: str) -> Columns:
    """Return the file's columns; the time column comes first, as ``time``, in seconds since the Unix epoch.

    Raises:
        FileNotFoundError: If there is no such file.
        ColumnsError: If there is no time column, times fall, or a row can't be read.
        ConfigError: If the file is of another type, or Parquet without pyarrow.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{path.name} is neither a .csv nor a .parquet file; write it as one of these")
    if not path.is_file():
        raise FileNotFoundError(f"no file {path} in {Path.cwd()}")
    raw, first_line = (_read_csv(path), 2) if suffix == ".csv" else (_read_parquet(path), 1)
    if time not in raw:
        raise ColumnsError(
            f"{path.name} has no column {time!r}; columns are {', '.join(map(repr, raw))}. "
            "Name the right one with time=..."
        )
    if time != "time" and "time" in raw:
        raise ColumnsError(
            f"{path.name} has a column 'time' besides {time!r}, which would be published as 'time': "
            "leave one out"
        )

    def where(row: int) -> str:
        return f"{path.name} line {row + first_line}" if suffix == ".csv" else f"{path.name} row {row}"

    seconds = [_seconds(cell, where(row), time) for row, cell in enumerate(raw.pop(time))]
    for row in range(1, len(seconds)):
        if seconds[row] < seconds[row - 1]:
            raise ColumnsError(
                f"{where(row)}: {time!r} goes back by {seconds[row - 1] - seconds[row]:g} s; "
                f"sort the file by {time!r}"
            )
    convert = _from_text if suffix == ".csv" else list
    return {"time": [*seconds], **{name: convert(cells) for name, cells in raw.items()}}


def _read_csv(path: Path) -> dict[str, list[Any]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, strict=True)
        try:
            names = next(reader, [])
            if not names:
                raise ColumnsError(f"{path.name} is empty; its first line names the columns")
            if len(set(names)) < len(names):
                raise ColumnsError(f"{path.name} line 1 names a column twice: {', '.join(map(repr, names))}")
            rows = []
            for row in reader:
                if not row and len(names) > 1:
                    continue  # a blank line, as editors leave at the end
                if len(row) != len(names):
                    raise ColumnsError(
                        f"{path.name} line {reader.line_num} has {len(row)} cells, "
                        f"the header names {len(names)} columns: {', '.join(map(repr, names))}"
                    )
                rows.append(row)
        except csv.Error as error:
            raise ColumnsError(f"{path.name} line {reader.line_num}: {error}") from None
        except UnicodeDecodeError as error:
            raise ColumnsError(f"{path.name} is not UTF-8 text: {error.reason}; save it as UTF-8") from None
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def _read_parquet(path: Path) -> dict[str, list[Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ConfigError(
            f"reading {path.name} needs pyarrow: pip install 'rtwidgets[parquet]', or write the file as .csv"
        ) from None
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise ColumnsError(f"{path.name} is no Parquet file that pyarrow can read: {error}") from None
    columns: dict[str, list[Any]] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type
        if pa.types.is_timestamp(kind):  # nanoseconds would come out as pandas objects
            column = column.cast(pa.timestamp("us", tz=kind.tz or "UTC"), safe=False)
        elif pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise ColumnsError(
                f"{path.name}: column {name!r} is of type {kind}; use numbers, texts, booleans or times"
            )
        columns[name] = column.to_pylist()
    return columns


def _seconds(cell: object, where: str, name: str) -> float:
    moment = cell
    if isinstance(cell, str):
        number = _number(cell, float)
        moment = _moment(cell.strip()) if number is None else number
    if isinstance(moment, datetime):
        # A time without a zone means UTC, on every machine the file is read on.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(moment, date):
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp()
    if isinstance(moment, int | float) and not isinstance(moment, bool) and math.isfinite(moment):
        return float(moment)
    raise ColumnsError(
        f"{where}: {name!r} is {cell!r}; write seconds since the Unix epoch or ISO 8601 "
        "such as 2026-01-31T09:30:00Z"
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_text(cells: list[str]) -> list[Cell]:
    """Return a CSV column as numbers where every cell that is not empty is one, else as texts."""
    for kind in (int, float):
        numbers = [_number(cell, kind) for cell in cells]
        if all(number is not None or not cell for number, cell in zip(numbers, cells, strict=True)):
            return [None if number is None or math.isnan(number) else number for number in numbers]
    return [cell or None for cell in cells]


def _number(text: str, kind: Callable[[str], int | float]) -> int | float | None:
    try:
        # Python reads 1_000 as a number; in a file it is a text.
        return None if "_" in text else kind(text)
    except ValueError:
        return None
