"""When the rows of a table changed last: what a reader that is behind still has to get, in order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterator, Mapping
from itertools import islice

from .table_items import Key

# Removed keys that are remembered for readers that are behind, or as many as there are rows. An older reader
# gets code 2500.
MAX_TOMBSTONES = 10_000
# What they may take together, or half of what the rows do; and what one takes besides its key, about.
MAX_TOMBSTONE_BYTES = 4 * 1024 * 1024
TOMBSTONE_BYTES = 128
# Changes have places, rising; so many are there for the rows of one publication.
STEP = 1 << 32
# A reader that is behind by more changes is not looked for from the end.
NEAR = 2_000


def place_behind(offset: int) -> int:
    """Return the place of a reader that has everything up to an offset."""
    return offset * STEP + STEP - 1


class Recency:
    """Each key under the place of its last change, removed ones too, oldest first.

    Whoever takes the keys in this order, each with the row as it is then, has the table at the end of it,
    also when rows change meanwhile: those come again, later.

    Args:
        forgotten: Removals up to this offset may be forgotten.
    """

    def __init__(self, forgotten: int = 0) -> None:
        self._places: dict[Key, int] = {}
        self._last = 0
        self.tombstones = 0
        # About what they take in memory.
        self.bytes = 0
        self.forgotten = forgotten

    def touch(self, keys: Mapping[Key, bool], offset: int, rows: Container[Key]) -> None:
        """Note the last change of keys.

        Args:
            keys: Each with whether it had a row before.
            offset: Of the publication; never lower than the one before.
            rows: Those that have one now.
        """
        places = self._places
        first = max(self._last + 1, offset * STEP)
        for place, (key, was_there) in enumerate(keys.items(), first):
            known = places.pop(key, None)
            places[key] = place
            if key in rows:
                if known is not None and not was_there:
                    self._count(key, -1)
            elif known is None or was_there:
                self._count(key, 1)
        self._last = first + len(keys) - 1

    def forget(self, rows: dict[Key, dict[str, object]], rows_bytes: int) -> None:
        """Forget the older half of the removed keys when there are too many, or they are too large.

        Args:
            rows: Those that are there.
            rows_bytes: About what they take in memory.
        """
        few = self.tombstones <= MAX_TOMBSTONES or self.tombstones <= len(rows)
        if few and (self.bytes <= MAX_TOMBSTONE_BYTES or self.bytes <= rows_bytes // 2):
            return
        removed = (key for key in self._places if key not in rows)
        for key in list(islice(removed, (self.tombstones + 1) // 2)):
            self.forgotten = max(self.forgotten, self._places.pop(key) // STEP)
            self._count(key, -1)

    def _count(self, key: Key, more: int) -> None:
        size = len(key.encode()) if isinstance(key, str) else 0
        self.tombstones += more
        self.bytes += more * (TOMBSTONE_BYTES + size)

    def behind(self, place: int) -> tuple[Iterator[Key], Iterator[int]]:
        """Return the keys that changed behind a place, oldest first, and the place of each."""
        keys, places = self._places, self._places.values()
        count = 0
        for newest in islice(reversed(places), NEAR):
            if newest <= place:
                break
            count += 1
        # A list of all places costs as much as going through some thousands of them.
        start = len(keys) - count if count < NEAR else bisect_right(list(places), place)
        return islice(keys, start, None), islice(places, start, None)
