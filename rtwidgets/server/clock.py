"""The hub's clock."""

from __future__ import annotations

import time
from collections.abc import Callable

# Unlike CLOCK_MONOTONIC it goes on while a laptop sleeps.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


def steady_clock() -> Callable[[], float]:
    """Return a function that gives seconds since the Unix epoch and never goes back or jumps."""
    read: Callable[[], float] = time.monotonic if _CLOCK is None else lambda: time.clock_gettime(_CLOCK)
    start = time.time() - read()
    return lambda: start + read()
