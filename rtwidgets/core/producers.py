"""Which batches of a producer were published already."""

from __future__ import annotations

from itertools import islice

MAX_USERS = 10_000
MAX_PRODUCERS_PER_USER = 1_000
MAX_PRODUCERS = 50_000


class Producers:
    """Remember each producer's last sequence number: a batch sent again is not published twice."""

    def __init__(self) -> None:
        # Newest last, in both; a user can push out numbers of their own, and of who has more, only.
        self._last: dict[str, dict[str, int]] = {}
        self._count = 0

    def is_new(self, user: str, producer: str, seq: int) -> bool:
        """Say whether this number is above the producer's last one."""
        return seq > self._last.get(user, {}).get(producer, 0)

    def note(self, user: str, producer: str, seq: int) -> None:
        """Remember a number that is new: something is about to be published under it."""
        producers = self._last.pop(user, {})
        self._last[user] = producers
        self._count += producer not in producers
        producers.pop(producer, None)
        producers[producer] = seq
        if len(producers) > MAX_PRODUCERS_PER_USER:
            self._forget(producers, 1)
        if len(self._last) > MAX_USERS:
            self._count -= len(self._last.pop(next(iter(self._last))))
        if self._count > MAX_PRODUCERS:
            most = max(self._last.values(), key=len)
            # Half of them, so that who has the most is not looked for every time.
            self._forget(most, (len(most) + 1) // 2)

    def _forget(self, producers: dict[str, int], count: int) -> None:
        for oldest in list(islice(producers, count)):
            del producers[oldest]
        self._count -= count
