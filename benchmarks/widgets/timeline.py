"""From what was drawn when to frames per second and ages on screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FINE_MS = 250
COARSE_MS = 16_000
STAMP_MS = 100_000_000
# A clock's reading in the page may be behind the publisher's by its resolution.
_AHEAD_MS = 20
_LOOK_MS = 5


@dataclass(frozen=True)
class Paint:
    """A frame that showed something newer.

    Args:
        at_ms: When the frame was rendered, since the Unix epoch.
        newest_ms: Time of the newest row in it.
    """

    at_ms: float
    newest_ms: float


def chart_time(at_ms: float, fine: float, coarse: float) -> float:
    """Return the time that the heights of both lines' last points stand for.

    Args:
        at_ms: When they were drawn; the time is before it.
        fine: Height from 0 to 1 on the line of the short period.
        coarse: The same on that of the long one; need not be exact.
    """
    rough = coarse * COARSE_MS
    teeth = round((rough - fine * FINE_MS) / FINE_MS)
    return _latest(at_ms, teeth * FINE_MS + fine * FINE_MS, COARSE_MS)


def stamp_time(at_ms: float, stamp: float) -> float:
    """Return the time that the digits of a table's cell stand for."""
    return _latest(at_ms, stamp, STAMP_MS)


def _latest(at_ms: float, phase_ms: float, period_ms: float) -> float:
    """Return the last time before `at_ms` at which a period was at this phase."""
    return phase_ms + math.floor((at_ms + _AHEAD_MS - phase_ms) / period_ms) * period_ms


def newer_only(paints: Sequence[Paint]) -> list[Paint]:
    """Return the paints that showed something newer than all before."""
    kept: list[Paint] = []
    for paint in paints:
        if not kept or paint.newest_ms > kept[-1].newest_ms + 0.5:
            kept.append(paint)
    return kept


def ages(paints: Sequence[Paint], start_ms: float, end_ms: float) -> list[float]:
    """Return the age of what was on the screen, looked at in even steps of time.

    A page that draws nothing for a second shows something that gets a second older: it counts, though there
    is no frame.
    """
    found: list[float] = []
    index = 0
    look = start_ms
    while look < end_ms:
        while index + 1 < len(paints) and paints[index + 1].at_ms <= look:
            index += 1
        if paints and paints[index].at_ms <= look:
            found.append(look - paints[index].newest_ms)
        look += _LOOK_MS
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
