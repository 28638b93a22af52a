"""One cell of a column, made fit for JSON.

NaN and infinities become null. Times become integer milliseconds since the Unix epoch. A datetime without a
zone is this machine's local time, whatever library it is of: what ``datetime.now()`` gives, and
``pd.Timestamp.now()``. A date is no moment of its own: it becomes midnight in UTC, the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ..errors import ColumnsError

Cell = str | int | float | bool | None

TIME_COLUMN = "time"
_AS_IS = (str, bool)
_TEXTS = {str, bool, type(None)}
_NUMBERS = {float, int}
_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1  # what JSON libraries take, the hub's among them
_LATEST_SECONDS = 1e11  # the year 5138; a larger number can only be in another unit


def plain_cells(values: Iterable[object], *, where: str, name: str) -> list[Cell]:
    """Return a column's cells as JSON values.

    Args:
        values: Cells of any supported type.
        where: What the column belongs to, for the message: ``"'stream:prices'"``.
        name: The column's name; ``time`` is read as seconds or datetimes and becomes milliseconds.

    Raises:
        ColumnsError: If a cell has a type that has no place in JSON.
    """
    if getattr(getattr(values, "dtype", None), "kind", "") in ("b", "i", "u", "f"):
        values = values.tolist()  # type: ignore[attr-defined]  # numpy's arrays
    cells: list[Any] = values if isinstance(values, list) else list(values)
    # Mostly all cells are of one type and fine: to see that for the whole column costs a tenth.
    kinds = set(map(type, cells))
    if name == TIME_COLUMN:
        if kinds <= _NUMBERS and _are_within(cells, -_LATEST_SECONDS, _LATEST_SECONDS):
            return [round(seconds * 1000) for seconds in cells]
        return [_time_ms(value, where, name) for value in cells]
    if kinds <= _TEXTS or (kinds == {float} and math.isfinite(sum(cells))):
        return cells
    if kinds <= _NUMBERS and _are_within(cells, _MIN_INT, _MAX_INT):
        return cells
    return [
        value
        if value is None or (kind := type(value)) in _AS_IS or (kind is int and _MIN_INT <= value <= _MAX_INT)
        else _plain(value, where, name)
        for value in cells
    ]


def _are_within(numbers: list[Any], least: float, most: float) -> bool:
    """Say whether numbers, one at least, are finite and within bounds."""
    if not numbers or not (least <= min(numbers) and max(numbers) <= most):
        return False
    return math.isfinite(sum(numbers))  # NaN hides from min and max


def _plain(value: object, where: str, name: str) -> Cell:
    if isinstance(value, float):  # numpy's float64 is one
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if _is_missing(value):
        return None
    if isinstance(value, datetime):
        # pandas' own timestamp() takes a Timestamp without a zone for UTC; Python's takes it for local time.
        seconds = datetime.timestamp(value) if value.tzinfo is None else value.timestamp()
        return round(seconds * 1000)
    if isinstance(value, date):
        return round(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    if isinstance(value, int):
        if not _MIN_INT <= value <= _MAX_INT:
            raise ColumnsError(
                f"column {name!r} of {where} holds {value!r}: integers have up to 64 bits here, send text"
            )
        return value if isinstance(value, bool) else int(value)
    if getattr(value, "shape", None) == () and getattr(getattr(value, "dtype", None), "kind", "m") != "m":
        return _plain(_numpy_scalar(value), where, name)
    raise ColumnsError(
        f"column {name!r} of {where} holds a {type(value).__name__}: use numbers, text, booleans, "
        "datetimes or None"
    )


def _time_ms(value: object, where: str, name: str) -> int | None:
    if isinstance(value, datetime | date) or _is_missing(value):
        cell = _plain(value, where, name)
        return cell if isinstance(cell, int) else None
    dtype_kind = getattr(getattr(value, "dtype", None), "kind", None)
    seconds = _plain(value, where, name)
    if dtype_kind == "M" and isinstance(seconds, int):
        return seconds
    if seconds is None:
        return None
    if isinstance(seconds, str | bool):
        raise ColumnsError(
            f"column 'time' of {where} holds {value!r}: use seconds since the Unix epoch or datetimes"
        )
    if abs(seconds) > _LATEST_SECONDS:
        raise ColumnsError(
            f"column 'time' of {where} holds {seconds!r}, too large for seconds since the Unix epoch: "
            "divide milliseconds by 1000"
        )
    return round(seconds * 1000)


def _is_missing(value: object) -> bool:
    # pandas' NaT is a datetime and its NA answers no comparison: both are known by their type's name.
    return value is None or type(value).__name__ in ("NaTType", "NAType")


def _numpy_scalar(value: Any) -> object:
    plain = value.item()
    if value.dtype.kind == "M" and isinstance(plain, int):  # finer than Python's microseconds
        return value.astype("datetime64[us]").item()
    return plain
