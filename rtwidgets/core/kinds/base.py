"""What all kinds have in common."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from ...protocol.json_rules import has_number_out_of_range
from ..batch import Changes

OUT_OF_RANGE = "a number is beyond what a float holds, about 1.8e308: send it as a text"


class DataError(ValueError):
    """The data of a publication breaks the rules of the channel's kind; nothing was changed."""


class FullError(DataError):
    """There is no room for the data.

    Args:
        limit: Name of the limit that says so.
    """

    def __init__(self, limit: str, message: str) -> None:
        super().__init__(message)
        self.limit = limit


class Author(NamedTuple):
    """Who publishes: the hub's word, never the payload's."""

    user: str = ""
    name: str = ""
    client: str = ""


class Moderator(Author):
    """An author who may delete what others said."""

    __slots__ = ()


NOBODY = Author()


class Start(NamedTuple):
    """How a late joiner begins.

    Args:
        data: What the subscribe reply tells of the channel, raw JSON.
        offset: What came behind it is still to come; None when the data has everything.
    """

    data: bytes
    offset: int | None = None


class Kind(Protocol):
    """The state of one channel.

    `stamps_author` says whether publications carry the publisher's info; `keeps_state` whether the channel
    must outlive its log and its subscribers; `merges` that one publication can stand for many, so that a
    reader may fall behind as far as it likes; `last_counts` that the last one does. `most` is what `size` may
    become by a publication that makes it grow.
    """

    most: float

    stamps_author: bool
    last_counts: bool
    merges: bool

    @property
    def keeps_state(self) -> bool: ...

    @property
    def size(self) -> int:
        """About how many bytes the state takes in memory, besides the log."""

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes | None:
        """Check the data, apply it, and return what goes into the log; None when nothing changes.

        Args:
            data: Raw JSON, not empty and without space around it.
            offset: Where in the log it will be.
            time_ms: Milliseconds since the Unix epoch.
            author: Who published it.

        Raises:
            DataError: If the data breaks the kind's rules.
        """

    def snapshot(self, now: float, max_bytes: int) -> Start:
        """Return how a late joiner begins.

        Args:
            now: Seconds since the Unix epoch.
            max_bytes: About how large its data may be, where the rest can come later.
        """

    def journal(self) -> None:
        """Remember from now on what changes, until `settle` or `undo`; only for channels with an archive."""

    def changes(self) -> Changes:
        """Return the items that have changed, as they are now."""

    def settle(self) -> None:
        """Keep what has changed: it was committed."""

    def undo(self, top: int) -> None:
        """Take back what has changed.

        Args:
            top: The channel's newest offset before it.
        """

    def load(self, changes: Changes, offset: int) -> None:
        """Take items over as an archive has them, without a publication; the lower ranks come first.

        Args:
            offset: The channel's newest offset with them.

        Raises:
            ValueError: If they are not this kind's.
        """

    def follow(self, changes: Changes, offset: int) -> None:
        """Take over what another hub has changed, with its publications; see `load`."""


def check_room(kind: Kind, grown: int) -> None:
    """Refuse what would make the state of a channel larger than it may become.

    Raises:
        FullError: If there is no room.
    """
    if grown > 0 and kind.size + grown > kind.most:
        raise FullError(
            "state_total_bytes",
            "the hub's tables, values and chats have all the room that they may have: state_total_bytes; "
            "remove something, or raise it",
        )


def check_numbers(data: bytes) -> None:
    """Refuse data with a number that readers can't read, or take for infinite.

    Raises:
        DataError: If there is one.
    """
    if has_number_out_of_range(data):
        raise DataError(OUT_OF_RANGE)


class Stateless:
    """A kind whose state is its log."""

    most = math.inf
    size = 0

    def journal(self) -> None:
        pass

    def changes(self) -> Changes:
        return {}

    def settle(self) -> None:
        pass

    def undo(self, top: int) -> None:
        pass

    def load(self, changes: Changes, offset: int) -> None:
        if changes:
            raise ValueError("a channel of this kind has no items")

    def follow(self, changes: Changes, offset: int) -> None:
        self.load(changes, offset)
