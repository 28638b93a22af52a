"""Streams: batches of rows as columns, every row delivered."""

from __future__ import annotations

from ..log import ChannelLog
from .base import Author, DataError, Start, Stateless


class Stream(Stateless):
    """A channel of column batches. Late joiners get the kept batches.

    Only the outer form is checked here: a hub that parsed every cell would spend most of its time on it, and
    readers have to check lengths anyway. To look for numbers that no float holds alone would take as long as
    all else that the core does with a batch of 1,000 rows.
    """

    stamps_author = False
    last_counts = False
    merges = False
    keeps_state = False

    def __init__(self, log: ChannelLog) -> None:
        self._log = log

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes:
        if not data.startswith(b"{"):
            raise DataError('a stream takes columns, such as {"time": [1], "price": [2.5]}')
        return data

    def snapshot(self, now: float, max_bytes: int) -> Start:
        log = self._log
        return Start(b'{"kind":"stream","until":%d}' % log.top, log.visible_from(now) - 1)
