"""Count messages in a buffer without looking at all of it."""

from __future__ import annotations

from .payload import MARKER

# Below this, searching every byte is the faster way.
SMALL_BYTES = 4096
_FIRST, _LAST = MARKER[:1], MARKER[-1:]


def count_markers(buffer: bytearray, end: int) -> int:
    """Return how often the marker stands in the first `end` bytes.

    Messages of one load differ in length by a few digits at most, so that most markers stand at equal
    distances. Such a run is verified by slices with that distance as the step, which touch two bytes of every
    message; where a run ends, the next marker is searched for. Every message must be longer than half of any
    other, and hold the first and last byte of the marker in the marker only.
    """
    if end < SMALL_BYTES:
        return buffer.count(MARKER, 0, end)
    total = 0
    at = buffer.find(MARKER, 0, end)
    while at >= 0:
        following = buffer.find(MARKER, at + len(MARKER), end)
        if following < 0:
            return total + 1
        step = following - at
        heads = buffer[at : end - len(MARKER) + 1 : step]
        tails = buffer[at + len(MARKER) - 1 : end : step]
        run = min(len(heads) - len(heads.lstrip(_FIRST)), len(tails) - len(tails.lstrip(_LAST)))
        total += run
        at = buffer.find(MARKER, at + (run - 1) * step + len(MARKER), end)
    return total
