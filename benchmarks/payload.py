"""What every benchmark message carries: a marker to count by, a time stamp, filler."""

from __future__ import annotations

import time

# Long enough that no frame header can hold it, short enough that searching for it stays cheap, and made of
# bytes that no protocol here escapes.
MARKER = b"<~#^|"
STAMP = b"0123456789ABCDEF"  # stands where the time goes, as 16 digits of microseconds
STAMP_BYTES = len(STAMP)


def template(size: int) -> bytes:
    """Return a payload of `size` bytes that still has `STAMP` for a time; plain text, JSON-safe.

    Args:
        size: Bytes, at least marker and stamp.
    """
    return (MARKER + STAMP).ljust(size, b"x")


def now_us() -> int:
    """Return the clock that stamps are made with."""
    return time.monotonic_ns() // 1000


def stamp() -> bytes:
    """Return the time as it stands in a payload."""
    return b"%016d" % now_us()
