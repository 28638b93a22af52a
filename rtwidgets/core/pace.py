"""Readers of one channel that want the same rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connection import Connection
    from .cursor import Cursor


class Pace:
    """Readers that are served in step, so that a throttled crowd shares its frames like any other.

    Args:
        max_hz: Times a second they are served; infinity at every flush.
    """

    __slots__ = ("due", "interval_s", "readers", "served")

    def __init__(self, max_hz: float, top: int) -> None:
        self.interval_s = 1 / max_hz
        self.readers: dict[Connection, Cursor] = {}
        # From when on they may be served again, in seconds since the Unix epoch.
        self.due = 0.0
        # The channel's newest offset when they were served last.
        self.served = top

    def serve(self, top: int, now: float) -> None:
        """Put every reader that is behind in line."""
        self.due = now + self.interval_s
        self.served = top
        for connection, cursor in self.readers.items():
            if not cursor.waiting and cursor.offset < top:
                connection.want(cursor)
