"""Events: any JSON, every one delivered."""

from __future__ import annotations

from ..log import ChannelLog
from .base import Author, Start, Stateless, check_numbers


class Event(Stateless):
    """A channel of notifications. Late joiners that ask get the kept history."""

    stamps_author = True
    last_counts = False
    merges = False
    keeps_state = False

    def __init__(self, log: ChannelLog) -> None:
        self._log = log

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes:
        check_numbers(data)
        return data

    def snapshot(self, now: float, max_bytes: int) -> Start:
        log = self._log
        return Start(b'{"kind":"event","until":%d}' % log.top, log.visible_from(now) - 1)
