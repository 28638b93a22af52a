"""What the core and an archive give each other, as values."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from .rules import KindName


class Item(NamedTuple):
    """One row of a table, message of a chat, or the value: a part of a channel's state.

    Args:
        rank: Orders the items of a channel, oldest first.
        data: JSON; only the channel's kind reads it.
    """

    rank: int
    data: bytes


# Items by key; None stands for one that is gone.
Changes: TypeAlias = dict[bytes, Item | None]


class Place(NamedTuple):
    """Where a batch stands in what a broker has of a channel.

    Args:
        offset: The channel's newest offset with it.
        part: Tells batches without publications apart, which leave the offset as it is.
    """

    offset: int
    part: int


START = Place(0, 0)


class Batch(Struct):
    """What is committed at once for one channel.

    Args:
        id: Tells this batch from every other one.
        before: The channel's newest offset before it; its publications follow from there.
        time_ms: Milliseconds since the Unix epoch, of all of its publications.
        publications: Each encoded as history shows it.
        changes: What becomes of the channel's state. A message of a chat keeps its rank: one of another rank
            with the same key is another message, and what is kept is left as it is.
        producers: The last number of each producer that is in it, by the producer's key.
        after: With a broker the id of the batch before it; empty for the first one.
        part: With a broker the part of its place.
        erased: Messages of a chat that it deletes, and the offset where each was said: whoever keeps the
            publications from there on takes what it said out of them in the same step.
    """

    id: str
    channel: str
    kind: KindName
    epoch: str
    before: int
    time_ms: int
    publications: list[bytes]
    changes: Changes
    producers: dict[bytes, int]
    after: str = ""
    part: int = 0
    erased: dict[str, int] = {}

    @property
    def last(self) -> int:
        """The channel's newest offset once it is committed."""
        return self.before + len(self.publications)

    @property
    def gone(self) -> list[tuple[bytes, int | None]]:
        """Keys of the items that are gone, each with its rank if it is a message of a chat."""
        return [(key, self.erased.get(key.decode())) for key, item in self.changes.items() if item is None]

    @property
    def place(self) -> Place:
        """Where it stands once a broker has it."""
        return Place(self.last, self.part)

    @property
    def mark(self) -> str:
        """What an archive notes of it as its newest one: id, and part unless that is 0."""
        return make_mark(self.id, self.place)


def make_mark(id: str, place: Place) -> str:
    """Return what an archive notes of a batch; see `Batch.mark`."""
    return f"{id} {place.part}" if place.part else id


def read_mark(mark: str, top: int) -> tuple[str, Place]:
    """Return id and place of the batch with which a channel came to an offset."""
    id, _, part = mark.partition(" ")
    return id, Place(top, int(part or 0))


class News(Struct):
    """What a broker has of a channel, and what came there since a place.

    Args:
        epoch: The channel's; empty when the broker has nothing of it.
        last: Id of the newest batch; empty when there was none.
        place: Where that one stands.
        oldest: Place of the oldest batch that is kept; None when none is.
        batches: Those from the place on, the one that stands there included; not always all of them.
    """

    epoch: str
    last: str = ""
    place: Place = START
    oldest: Place | None = None
    batches: list[Batch] = []


class Stored(Struct):
    """What an archive has of a channel, besides the items.

    Args:
        top: The newest offset.
        publications: The newest ones, oldest first: milliseconds since the Unix epoch, and encoded.
        producers: The last number of each producer, oldest first, by the producer's key.
        last: The id of the newest batch.
        place: Where that one stands.
    """

    kind: str
    epoch: str
    top: int
    publications: list[tuple[int, bytes]] = []
    producers: dict[bytes, int] = {}
    last: str = ""
    place: Place = START


class Tail(Struct, frozen=True):
    """How much of a channel is loaded: what history may show, and what fits.

    Args:
        size: Publications at most.
        since_ms: None that is older than this, in milliseconds since the Unix epoch.
        max_bytes: Bytes of publications, about.
        items: The newest so many items; 0 for all.
    """

    size: int
    since_ms: int
    max_bytes: int
    items: int


class Wanted(Struct, frozen=True):
    """Publications that somebody wants to read: all between two offsets and two times, from one end.

    Args:
        after: Offset below the first.
        before: Offset above the last.
        from_ms: Not older than this.
        to_ms: Older than this.
        limit: How many at most.
        max_bytes: Where to stop; one publication is returned at least. 0 for no bound.
        reverse: Newest first, from the newest on.
    """

    after: int
    before: int
    from_ms: int
    to_ms: int
    limit: int
    max_bytes: int
    reverse: bool = False


class ArchiveFault(Exception):
    """The archive did not do what it was asked for.

    Args:
        message: The words for whoever asked.
        limit: Name of the limit that forbids it; without one it is worth trying again.
        in_doubt: Whether what it was asked to commit may have been committed after all.
        is_final: Whether trying again is of no use until somebody changes the settings, or what is kept.
    """

    def __init__(
        self, message: str, *, limit: str = "", in_doubt: bool = False, is_final: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.limit = limit
        self.in_doubt = in_doubt
        self.is_final = is_final


def other_kind(where: str, channel: str, found: str, wanted: KindName) -> ArchiveFault:
    """Return what is wrong with a channel that is kept as another kind than its namespace has now."""
    return ArchiveFault(
        f"the {where} has {channel!r} as {found!r}, and its namespace is of kind {wanted!r} now: use another "
        "namespace, set its kind back, or remove the channel there",
        is_final=True,
    )


class ArchivePort(Protocol):
    """Who drives the archive for the core. Nothing here answers at once: methods of `Archiving` do later."""

    def wake(self) -> None:
        """There is something to commit: call `Archiving.batches` soon."""

    def load(self, channel: str, kind: KindName, tail: Tail) -> None:
        """Find out what the archive has; `Archiving.items` for each piece, then `loaded`, answer."""

    def settle(self, batch: Batch) -> None:
        """Find out whether a batch that is in doubt was committed; `Archiving.settled` answers."""

    def read(
        self, channel: str, wanted: Wanted, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        """Read publications and call back."""

    def items_before(
        self, channel: str, key: bytes, limit: int, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        """Read the data of items of lower rank than one, the highest of them first, and call back."""


class BrokerPort(ArchivePort, Protocol):
    """Who drives a broker that hubs share. Nothing here answers at once: methods of `Sharing` do later."""

    def enter(self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str) -> None:
        """Hear of the channel's batches from now on, and load it as with `load`.

        Args:
            epoch: The channel's from now on, if the broker has nothing of it.
            ended: If the channel's epoch is this one it ends, as what was read in it is not there.
        """

    def catch_up(self, channel: str, epoch: str, place: Place) -> None:
        """Find out what came since a place; `Sharing.news` answers."""

    def leave(self, channel: str) -> None:
        """Hear of the channel no more."""


def producer_key(user: str, producer: str) -> bytes:
    """Return the short key of a user's producer, whatever both are made of."""
    return blake2b(msgspec.json.encode((user, producer)), digest_size=16).digest()
