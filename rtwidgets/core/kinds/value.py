"""Values: one JSON value, the last one counts."""

from __future__ import annotations

import msgspec

from .base import NOBODY, Author

_encode = msgspec.json.Encoder().encode


class Value:
    """A shared value. Late joiners and late readers get the last one, with who set it and when."""

    stamps_author = True
    last_counts = True
    merges = True

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.author = NOBODY
        self._time_ms = 0

    @property
    def keeps_state(self) -> bool:
        return self.data is not None

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes:
        self.data, self.author, self._time_ms = data, author, time_ms
        return data

    def snapshot(self, now: float) -> bytes:
        if self.data is None:
            return b'{"kind":"value"}'
        by = b"" if self.author == NOBODY else b',"by":' + _encode(self.author._asdict())
        return b'{"kind":"value","value":%b%b,"time":%d}' % (self.data, by, self._time_ms)

    def merged(self, after: int) -> None:
        return None
