"""Values: one JSON value, the last one counts."""

from __future__ import annotations

import math

import msgspec
from msgspec import Raw, Struct

from ..batch import Changes, Item
from .base import NOBODY, Author, Start, check_numbers, check_room


class _Set(Struct):
    """The value as an archive keeps it, and who set it when."""

    value: Raw
    by: Author
    time_ms: int


# About what a value takes besides its JSON, which is there twice: the log has it, too, as long as it counts.
OVERHEAD_BYTES = 512

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(_Set)


class Value:
    """A shared value. Late joiners and late readers get the last one, with who set it and when."""

    stamps_author = True
    last_counts = True
    merges = True

    def __init__(self) -> None:
        self.most = math.inf
        self.data: bytes | None = None
        self.author = NOBODY
        self._time_ms = 0
        # What these were when the change began that is not committed yet.
        self._before: tuple[bytes | None, Author, int] = (None, NOBODY, 0)

    @property
    def keeps_state(self) -> bool:
        return self.data is not None

    @property
    def size(self) -> int:
        return _weight(self.data)

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes:
        check_numbers(data)
        check_room(self, _weight(data) - self.size)
        self.data, self.author, self._time_ms = data, author._replace(client=""), time_ms
        return data

    def snapshot(self, now: float, max_bytes: int) -> Start:
        if self.data is None:
            return Start(b'{"kind":"value"}')
        who = {"user": self.author.user, "name": self.author.name}
        by = b"" if self.author == NOBODY else b',"by":' + _encode(who)
        return Start(b'{"kind":"value","value":%b%b,"time":%d}' % (self.data, by, self._time_ms))

    def journal(self) -> None:
        self._before = self.data, self.author, self._time_ms

    def changes(self) -> Changes:
        if self.data is None or (self.data, self.author, self._time_ms) == self._before:
            return {}
        return {b"": Item(0, _encode(_Set(Raw(self.data), self.author, self._time_ms)))}

    def settle(self) -> None:
        self.journal()

    def undo(self, top: int) -> None:
        self.data, self.author, self._time_ms = self._before

    def load(self, changes: Changes, offset: int) -> None:
        item = changes.get(b"")
        if item is not None:
            kept = _decoder.decode(item.data)
            self.data, self.author, self._time_ms = bytes(kept.value), kept.by, kept.time_ms
        self.journal()

    def follow(self, changes: Changes, offset: int) -> None:
        self.load(changes, offset)


def _weight(data: bytes | None) -> int:
    return 0 if data is None else OVERHEAD_BYTES + 2 * len(data)
