"""A subscription: a cursor into the log of a channel, or into the pieces of a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..protocol.messages import ClientInfo
from .channel import Channel
from .kinds import Table
from .kinds.recency import place_behind
from .timers import Timer
from .tokens import Subscription

if TYPE_CHECKING:
    from .connection import Connection


class Cursor:
    """A subscription: how far one connection has read one channel.

    Args:
        offset: The subscriber has all publications up to this one.
        token: The subscription token that gave the right to it, or None when the connection's own did.
        max_hz: Times a second the subscriber wants to be served; infinity for no bound.
        visible: Whether somebody can see what comes; a cursor that is not visible stays where it is. One
            that has left is not.
    """

    __slots__ = (
        "channel",
        "connection",
        "expiry",
        "hears_members",
        "info",
        "max_hz",
        "offset",
        "place",
        "token",
        "until",
        "visible",
        "waiting",
    )

    def __init__(
        self,
        channel: Channel,
        connection: Connection,
        info: ClientInfo,
        *,
        token: Subscription | None = None,
        max_hz: float = math.inf,
        visible: bool = True,
    ) -> None:
        self.channel = channel
        self.connection = connection
        self.offset = channel.log.top
        # What was there up to this offset when it joined is owed as far as it is still there.
        self.until = 0
        # How far it has got in the pieces of a table; None where it has the whole table as of its offset.
        self.place: int | None = None
        self.info = info
        # Whether it is told who joins and leaves: that is what presence says, too.
        self.hears_members = False
        self.token = token
        self.expiry: Timer | None = None
        self.max_hz = max_hz
        self.visible = visible
        self.waiting = False

    def read(self, max_bytes: int, now: float) -> bytes | None:
        """Return the next push lines and move on; None when the log no longer reaches back.

        Call it only while `offset` is below the channel's top.
        """
        channel = self.channel
        log, kind = channel.log, channel.kind
        if self.place is not None:
            begun = self.connection.hub.clock()
            piece = self._read_piece(now)
            self.connection.inbox.spend(self.connection.hub.clock() - begun)
            return piece
        reachable = self.offset >= log.reach
        if kind.merges:
            # Who wants few updates wants each of them to be one.
            enough = (channel.limits.conflate_after or math.inf) if self.max_hz == math.inf else 1
            if not reachable or log.top - self.offset > enough:
                line = self._last_line() if kind.last_counts else self._read_piece(now)
                if line is not None:
                    if self.max_hz == math.inf:
                        self.connection.hub.refused["conflate_after"] += 1
                    return line
        if not reachable:
            if not self.offset < log.reach <= min(self.until, log.top - 1):
                return None
            self.connection.hub.figures.gone += log.reach - self.offset
            self.offset = log.reach
        frame, self.offset = log.read(self.offset, max_bytes)
        return frame

    def look_up_rights(self) -> None:
        """Find out what its connection may hear besides publications."""
        namespace = self.channel.namespace
        self.hears_members = namespace.join_leave and self.connection.hub.may(
            self.connection, "presence", self.channel.name
        )

    def start_at(self, offset: int) -> None:
        """Go back to an offset that the subscriber stands at."""
        self.offset = offset
        if isinstance(self.channel.kind, Table) and offset < self.channel.log.top:
            # Rows that change while it comes in pieces come whole.
            self.place = place_behind(offset)

    def catch_up(self) -> None:
        """Put it in line if it is behind."""
        if self.visible and not self.waiting and self.offset < self.channel.log.top:
            self.connection.want(self)

    def _last_line(self) -> bytes:
        log = self.channel.log
        line, offset = log.read(log.top - 1, 0)
        self._merge_to(offset)
        return line

    def _read_piece(self, now: float) -> bytes | None:
        """Return what has changed of the table, or the next piece of that; None when it is not known."""
        assert isinstance(self.channel.kind, Table)
        if self.channel.kind.recency.forgotten > max(self.offset, self.until):
            return None
        line, self.place, offset = self.channel.piece(self.offset, self.place, now)
        self._merge_to(offset)
        return line

    def _merge_to(self, offset: int) -> None:
        """Move on with one message for all that came since."""
        self.connection.hub.figures.conflated += max(0, offset - self.offset - 1)
        self.offset = offset
