"""Checks of widget options: what is wrong is said in Python, at the call, and not later in a page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..client.durations import Duration, parse_duration

# As many as a table has, and as a page shows.
MAX_COLUMNS = 256


def column_name(name: str, value: object) -> str:
    """Return the name of one column.

    Raises:
        TypeError: If it is no text.
        ValueError: If it is empty.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be the name of a column, not {value!r}")
    if not value:
        raise ValueError(f"{name} must be the name of a column; it is empty")
    return value


def column_names(name: str, value: str | Sequence[str] | None) -> list[str] | None:
    """Return names of columns as a list; one name is a list of one.

    Raises:
        TypeError: If one of them is no text.
        ValueError: If there are none or too many, or one is there twice.
    """
    if value is None:
        return None
    names = [value] if isinstance(value, str) else list(value)
    if not names:
        raise ValueError(f"{name} is empty: leave it out to take the columns that come")
    if len(names) > MAX_COLUMNS:
        raise ValueError(f"{name} may name up to {MAX_COLUMNS} columns, not {len(names)}")
    for item in names:
        column_name(name, item)
    if len(set(names)) < len(names):
        raise ValueError(f"{name} names a column twice: {names}")
    return names


def text(name: str, value: object) -> str | None:
    """Return a text or None.

    Raises:
        TypeError: If it is something else.
    """
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be a text, not {value!r}")
    return value


def height_px(value: object) -> int:
    """Return a height in pixels.

    Raises:
        ValueError: If it is no whole number from 60 to 4000.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 60 <= value <= 4000:
        raise ValueError(f"height must be a whole number of pixels from 60 to 4000, not {value!r}")
    return value


def window_ms(value: Duration | None) -> int | None:
    """Return a window in milliseconds; None means all that is kept.

    Raises:
        ValueError: If it is no duration, or shorter than 100 ms.
    """
    if value is None:
        return None
    ms = round(parse_duration(value) * 1000)
    if ms < 100:
        raise ValueError(f"window must be at least 100 ms, not {value!r}")
    return ms


def choice(name: str, value: str, choices: Sequence[str]) -> str:
    """Return the value when it is one of the choices.

    Raises:
        ValueError: If it is not.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}")
    return value


def finite(name: str, value: object) -> float:
    """Return a finite number.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, not {value!r}")
    return value


def max_hz(value: object) -> float | None:
    """Return a rate in updates a second; None means as often as a page draws.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is not from 0.01 to 1000.
    """
    if value is None:
        return None
    rate = finite("max_hz", value)
    if not 0.01 <= rate <= 1000:
        raise ValueError(f"max_hz must be from 0.01 to 1000 updates a second, not {value!r}")
    return rate


def digits(value: object) -> int | None:
    """Return a number of decimals, or None for as many as read well.

    Raises:
        ValueError: If it is no whole number from 0 to 10.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10:
        raise ValueError(f"digits must be a whole number from 0 to 10, not {value!r}")
    return value
