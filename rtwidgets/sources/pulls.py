"""What a channel has for another system, piece by piece: asked for again until it is said to be done."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from ..client.channel import Channel
from ..client.past import after
from ..client.reading import read_columns
from ..client.streams import Stream
from ..client.table_copy import TableChange
from ..client.tables import Table
from ..client.values import Value
from ..errors import ChannelError, ReplyError, ReplyTimeoutError

log = logging.getLogger("rtwidgets")

PAGE = 500
LOOK_INTERVAL_S = 0.2
_UNRECOVERABLE = 112
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Message:
    """A message for another system.

    Args:
        value: JSON; None says that the key is gone.
        key: What it is about; "" where the channel has no such thing.
    """

    value: bytes | None
    key: str = ""


class Pull(Protocol):
    """Takes from a channel what is to be written."""

    async def take(self) -> list[Message]:
        """Wait a while, and return what was not done yet, oldest first."""

    async def done(self) -> None:
        """Forget what `take` returned last: it was written."""

    def close(self) -> None:
        """Stop listening to the channel."""


def pull_of(channel: Channel, group: str) -> Pull:
    """Return the pull for the kind of a channel.

    Args:
        group: Name under which the place in a log is kept at the hub.
    """
    if isinstance(channel, Table | Value):
        return StatePull(channel)
    return LogPull(channel, group)


class LogPull:
    """All publications of a stream, of events or a chat, in order, from a place that the hub keeps.

    A group that the hub does not know begins with what comes; one that it knows goes on where it was, as far
    as the log reaches back.
    """

    def __init__(self, channel: Channel, group: str) -> None:
        self._channel = channel
        self._place = channel.hub.value(f"value:forwards/{group}/{channel.name}")
        self._position: tuple[str, int] | None = None
        self._next: tuple[str, int] | None = None
        self._told: tuple[str, int] | None = None  # the place behind which a loss was told

    async def take(self) -> list[Message]:
        """Ask the hub for the publications behind the place."""
        try:
            found = await asyncio.to_thread(self._ask)
        except ReplyTimeoutError:  # the hub is away
            return []
        if not found:
            await asyncio.sleep(LOOK_INTERVAL_S)
        return found

    async def done(self) -> None:
        """Move the place on."""
        if self._next is not None and self._next != self._position:
            self._position = self._next
            self._place.set(list(self._position))

    def close(self) -> None:
        """There is nothing to stop."""

    def _ask(self) -> list[Message]:
        channel = self._channel
        if self._position is None:
            kept = self._place.get()
            page = after(channel._request, channel.name, 0, None)
            self._position = tuple(kept) if kept else (page.epoch, page.offset)
            if not kept:  # at once: whoever goes on after a crash begins here and not later
                self._place.set(list(self._position))
        offset = self._position[1]
        try:
            page = after(channel._request, channel.name, PAGE, self._position)
        except ReplyError as error:
            if error.code != _UNRECOVERABLE:
                raise
            self._tell("has begun anew: what was not written yet is lost")
            page, offset = after(channel._request, channel.name, PAGE, None), 0
        publications = page.publications
        if publications and publications[0].offset > offset + 1:
            missed = publications[0].offset - offset - 1
            self._tell(f"does not reach back far enough: {missed} publications are lost")
        self._next = (page.epoch, publications[-1].offset if publications else offset)
        messages = []
        for found in publications:
            try:
                messages += self._messages(found.data)
            except ChannelError:
                # Whoever publishes by hand may send what is no columns.
                self._tell(f"has something that is no rows, at offset {found.offset}: it is left out")
        return messages

    def _tell(self, loss: str) -> None:
        if self._told != self._position:  # once, however often the same publications are asked for
            self._told = self._position
            log.warning("%r %s", self._channel, loss)

    def _messages(self, data: bytes) -> list[Message]:
        if not isinstance(self._channel, Stream):
            return [Message(bytes(data))]
        columns = read_columns(data, self._channel.name)
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        for row in rows:
            if isinstance(row.get("time"), int | float):
                row["time"] /= 1000  # seconds, as everywhere in Python
        return [Message(_encode(row)) for row in rows]


class StatePull:
    """The rows of a table or the value as they are: first all, then what changed, the newest of each key."""

    def __init__(self, channel: Table | Value) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._changed: dict[Any, Any] = {}
        self._taken: dict[Any, Any] = {}
        self._stop: Callable[[], object] | None = None

    async def take(self) -> list[Message]:
        """Return the keys that changed, with their rows."""
        if self._stop is None:
            await asyncio.to_thread(self._begin)
        with self._lock:
            self._taken |= self._changed
            self._changed = {}
        if not self._taken:
            await asyncio.sleep(LOOK_INTERVAL_S)
        return [
            Message(None if state is None else _encode(state), str(key)) for key, state in self._taken.items()
        ]

    async def done(self) -> None:
        """Forget what was taken; what has changed since is there still."""
        self._taken = {}

    def close(self) -> None:
        """Stop listening."""
        if self._stop is not None:
            self._stop()

    def _begin(self) -> None:
        channel = self._channel
        if isinstance(channel, Value):
            self._stop = channel.on_change(lambda value: self._note({channel.name: value}))
            self._note({channel.name: channel.get()})
            return
        self._stop = channel._tap(lambda change: self._on_table(channel, change))
        rows = channel.rows()
        with self._lock:
            self._changed = {row[channel.key or ""]: row for row in rows} | self._changed

    def _on_table(self, table: Table, change: TableChange) -> None:
        self._note({row[table.key or ""]: row for row in change.rows} | dict.fromkeys(change.removed))

    def _note(self, states: dict[Any, Any]) -> None:
        with self._lock:
            self._changed |= states
