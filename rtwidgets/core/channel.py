"""A channel: its log, its state, its subscribers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..protocol import codec
from ..protocol.json_rules import MAX_DEPTH, is_too_deep
from ..protocol.messages import ClientInfo, Join, Leave, Push, Reply
from .kinds import NOBODY, Author, DataError, Kind, make_kind
from .log import ChannelLog
from .rules import Limits, Namespace
from .timers import Timer

if TYPE_CHECKING:
    from .connection import Connection


class Cursor:
    """A subscription: how far one connection has read one channel.

    Args:
        offset: The last publication the subscriber has.
        expires_at: When the subscription token ends, in seconds since the Unix epoch, or None.
    """

    __slots__ = ("channel", "connection", "expires_at", "expiry", "info", "offset", "waiting")

    def __init__(
        self,
        channel: Channel,
        connection: Connection,
        info: ClientInfo,
        *,
        expires_at: float | None = None,
    ) -> None:
        self.channel = channel
        self.connection = connection
        self.offset = channel.log.top
        self.info = info
        self.expires_at = expires_at
        self.expiry: Timer | None = None
        self.waiting = False

    def read(self, max_bytes: int, now: float) -> bytes | None:
        """Return the next push lines and move on; None when the log no longer reaches back.

        Call it only while `offset` is below the channel's top.
        """
        log, kind = self.channel.log, self.channel.kind
        reachable = self.offset >= log.first - 1
        if not reachable or log.top - self.offset > self.channel.limits.conflate_after:
            if kind.last_counts:
                return self._skip_to_last()
            merged = kind.merged(self.offset)
            if merged is not None:
                self.offset = log.top
                return log.line(merged, log.top, now=now)
        if not reachable:
            return None
        frame, self.offset = log.read(self.offset, max_bytes)
        return frame

    def _skip_to_last(self) -> bytes:
        log = self.channel.log
        frame, self.offset = log.read(log.top - 1, 0)
        return frame


class Channel:
    """A named ordered flow.

    Args:
        name: Full name, with its namespace.
        epoch: Identifies this life of the channel.
        on_dirty: Called with the channel when it gets something its cursors have not seen.
    """

    def __init__(
        self,
        name: str,
        namespace: Namespace,
        limits: Limits,
        epoch: str,
        on_dirty: Callable[[Channel], None],
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.limits = limits
        self.log = ChannelLog(
            name,
            epoch,
            history_size=namespace.history_size,
            history_ttl_s=namespace.history_ttl_s,
            window=limits.delivery_window,
            max_bytes=limits.history_bytes,
        )
        self.kind: Kind = make_kind(namespace.kind, self.log)
        self.cursors: dict[Connection, Cursor] = {}
        self.is_dirty = False
        self.has_ended = False
        self._on_dirty = on_dirty

    def publish(self, data: bytes, *, now: float, info: bytes | None = None, author: Author = NOBODY) -> int:
        """Append a publication and return the channel's newest offset.

        Args:
            data: Raw JSON.
            now: Seconds since the Unix epoch.
            info: Encoded info of the publisher.
            author: Who publishes.

        Raises:
            DataError: If the data breaks the rules of the channel's kind.
        """
        kind, log = self.kind, self.log
        if is_too_deep(data):
            raise DataError(f"channel {self.name!r}: data may be nested {MAX_DEPTH} levels deep at most")
        try:
            accepted = kind.accept(data, log.top + 1, int(now * 1000), author)
        except DataError as error:
            raise DataError(f"channel {self.name!r}: {error}") from None
        if accepted is not None:
            log.append(accepted, now=now, info=info if kind.stamps_author else None)
            if not self.is_dirty:
                self.is_dirty = True
                self._on_dirty(self)
        return log.top

    def mark_readers(self) -> None:
        """Tell every connection whose cursor is behind that it has something to take."""
        self.is_dirty = False
        top = self.log.top
        for connection, cursor in self.cursors.items():
            if not cursor.waiting and cursor.offset < top:
                connection.want(cursor)

    def enter(self, cursor: Cursor) -> None:
        """Add a subscriber and tell the members."""
        self.cursors[cursor.connection] = cursor
        if self.namespace.join_leave:
            self._tell(Push(channel=self.name, join=Join(cursor.info)))

    def exit(self, cursor: Cursor) -> None:
        """Remove a subscriber and tell the members that stay."""
        if cursor.expiry is not None:
            cursor.expiry.cancel()
        if self.cursors.pop(cursor.connection, None) is not None and self.namespace.join_leave:
            self._tell(Push(channel=self.name, leave=Leave(cursor.info)))

    def is_over(self, now: float) -> bool:
        """Say whether nothing would be lost without this channel."""
        empty = self.log.visible_from(now) > self.log.top
        return not self.cursors and empty and not self.kind.keeps_state

    def _tell(self, push: Push) -> None:
        line = codec.encode(Reply(push=push))
        for connection in list(self.cursors):
            connection.notify(line)
