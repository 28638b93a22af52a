"""Which batches of a producer were published already."""

from __future__ import annotations

MAX_PRODUCERS = 10_000


class Producers:
    """Remember each producer's last sequence number: a batch sent again is not published twice."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = {}

    def is_new(self, user: str, producer: str, seq: int) -> bool:
        """Say whether this number is above the producer's last one, and remember it."""
        key = (user, producer)
        last = self._last.pop(key, 0)
        self._last[key] = max(last, seq)
        if len(self._last) > MAX_PRODUCERS:
            del self._last[next(iter(self._last))]
        return seq > last
