"""Durations as analysts write them: ``"5m"``, ``30``, ``timedelta(hours=1)``."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from numbers import Real

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*")

Duration = str | float | timedelta


def parse_duration(value: Duration, name: str = "") -> float:
    """Return a duration in seconds.

    Args:
        value: A number of seconds, a timedelta, or a number with a unit: ms, s, m, h or d.
        name: The argument's, for the error.

    Raises:
        ValueError: If it is none of these, negative or not finite.
    """
    seconds: float | None = None
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, str):
        if match := _TEXT.fullmatch(value):
            seconds = float(match[1]) * _UNITS_S[match[2]]
    elif isinstance(value, Real) and not isinstance(value, bool):
        seconds = float(value)
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        raise ValueError(
            f"{name and f'{name}: '}{value!r} is not a duration: write seconds as a number, or a text such "
            "as '30s', '5m', '1h'"
        )
    return seconds
