"""Values: one JSON value, the last one counts."""

from __future__ import annotations

from ..batch import Changes, Item
from .base import Author


class Value:
    """A shared value. Late joiners and late readers get the last one."""

    stamps_author = True
    last_counts = True
    merges = True

    def __init__(self) -> None:
        self._data: bytes | None = None
        # What it was when the change began that is not committed yet.
        self._before: bytes | None = None

    @property
    def keeps_state(self) -> bool:
        return self._data is not None

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes:
        self._data = data
        return data

    def snapshot(self, now: float) -> bytes:
        if self._data is None:
            return b'{"kind":"value"}'
        return b'{"kind":"value","value":' + self._data + b"}"

    def merged(self, after: int) -> None:
        return None

    def journal(self) -> None:
        self._before = self._data

    def changes(self) -> Changes:
        if self._data is None or self._data is self._before:
            return {}
        return {b"": Item(0, self._data)}

    def settle(self) -> None:
        self._before = self._data

    def undo(self, top: int) -> None:
        self._data = self._before

    def load(self, changes: Changes, offset: int) -> None:
        item = changes.get(b"")
        self._data = self._before = None if item is None else item.data
