"""Which batches of a producer were published already."""

from __future__ import annotations

MAX_USERS = 10_000
MAX_PRODUCERS_PER_USER = 1_000


class Producers:
    """Remember each producer's last sequence number: a batch sent again is not published twice."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, int]] = {}

    def is_new(self, user: str, producer: str, seq: int) -> bool:
        """Say whether this number is above the producer's last one, and remember it."""
        # Newest last, in both; a user can push out numbers of their own only.
        producers = self._last.pop(user, {})
        self._last[user] = producers
        last = producers.pop(producer, 0)
        producers[producer] = max(last, seq)
        for known, bound in ((self._last, MAX_USERS), (producers, MAX_PRODUCERS_PER_USER)):
            if len(known) > bound:
                del known[next(iter(known))]
        return seq > last
