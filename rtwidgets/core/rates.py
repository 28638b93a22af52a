"""How much a client may do in a second."""

from __future__ import annotations


class Bucket:
    """Let a rate through, with up to a second of it or less at once.

    What is taken at once may be more than what is left: then it is owed, and nothing passes until it is paid.

    Args:
        rate: How many a second.
        burst_s: How many seconds of it may come at once.
    """

    __slots__ = ("_at", "_left", "_most", "rate")

    def __init__(self, rate: float, now: float, burst_s: float = 1.0) -> None:
        self.rate = rate
        self._left = self._most = rate * burst_s
        self._at = now

    def wait_s(self, now: float) -> float:
        """Return how many seconds to wait until something may be taken; 0.0 for none."""
        if now > self._at:
            self._left = min(self._most, self._left + (now - self._at) * self.rate)
            self._at = now
        return 0.0 if self._left > 0.0 else (1.0 - self._left) / self.rate

    def take(self, count: float) -> None:
        """Take so many."""
        self._left -= count

    def is_full(self, now: float) -> bool:
        """Say whether nothing was taken of late."""
        self.wait_s(now)
        return self._left >= self._most


def bucket(rate: float, now: float, burst_s: float = 1.0) -> Bucket | None:
    """Return a bucket, or None where the rate is 0, which is no limit."""
    return Bucket(rate, now, burst_s) if rate else None
