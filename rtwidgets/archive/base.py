"""What an archive does, whatever keeps it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from ..core.batch import ArchiveFault, Batch, Changes, Stored, Tail, Wanted
from ..errors import ConfigError

if TYPE_CHECKING:
    from .postgres import PostgresArchive

# Version of the tables that this program makes and understands.
SCHEMA = 1
# A piece of work that others wait behind has so many rows at most.
PIECE = 1_000
# Producers of a channel whose last number is loaded.
MAX_PRODUCERS = 1_000


class Kept(Struct, frozen=True):
    """What an archive keeps of a channel, as whoever cleans up sees it.

    Args:
        id: Rises with the age of the channel, newest last.
        top: Offset of the newest publication there ever was.
        first: Offset of the oldest one that is kept; None when none is.
        oldest_ms: When that one was published.
        bytes: Of all kept publications.
        has_items: Whether it has a state besides them.
    """

    id: int
    name: str
    top: int
    first: int | None
    oldest_ms: int | None
    bytes: int
    has_items: bool


class OtherPublications(ArchiveFault):
    """A batch is not what an archive goes on with, and not what it has."""

    def __init__(self, channel: str) -> None:
        super().__init__(f"the archive has other publications of {channel!r} than this hub")


def too_many_channels(bound: int) -> ArchiveFault:
    """Return the fault of a channel that is one too many."""
    words = f"the archive keeps at most {bound} channels: archive_channels"
    return ArchiveFault(words, limit="archive_channels")


class Archive(Protocol):
    """Channels on disk.

    One archive has one hub, or two of them would give the same offsets to different publications. Calls to
    `commit`, `was_committed`, `trim` and `forget` follow one another; reading goes on beside them.

    Every method raises an `ArchiveFault` when the archive can't do it now.
    """

    async def open(self) -> None:
        """Make it ready.

        Raises:
            ConfigError: If it is of no use to this program, and would be of none later.
        """

    async def close(self) -> None:
        """Let go of it."""

    async def commit(self, batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
        """Keep batches of different channels, for good when this returns; say of each whether it is kept.

        Args:
            max_channels: Refuse channels beyond so many; 0 for no bound.

        Raises:
            ArchiveFault: If none is kept, or that is in doubt.
        """

    async def was_committed(self, batch: Batch) -> bool:
        """Say whether a batch is the last one that was committed for its channel."""

    async def load(self, channel: str, tail: Tail) -> Stored | None:
        """Return a channel without its items; None when it is not kept."""

    def items(self, channel: str, newest: int) -> AsyncIterator[Changes]:
        """Yield a channel's items in pieces, lower ranks first.

        Args:
            newest: Only so many, of the highest ranks; 0 for all.
        """

    async def read(self, channel: str, wanted: Wanted) -> list[bytes]:
        """Return publications as they were committed."""

    async def items_before(self, channel: str, key: bytes, limit: int) -> list[bytes]:
        """Return the data of the items of lower rank than one, the highest of them first."""

    async def survey(self, after: int) -> list[Kept]:
        """Return the channels behind an id, a piece of them in the order of their ids."""

    async def trim(self, channel: int, stop: int, *, items: bool) -> bool:
        """Remove a piece of a channel's oldest publications.

        Args:
            channel: Its id.
            stop: Offset of the oldest that stays.
            items: Whether items whose rank is an offset go with them.

        Returns:
            Whether there is more to remove.
        """

    async def offset_at(self, channel: int, time_ms: int) -> int | None:
        """Return the offset of a channel's oldest publication from a time on; None when there is none."""

    async def tidy(self, before_ms: int) -> None:
        """Forget a piece of the producers that have sent nothing since a time."""

    async def forget(self, channel: int) -> None:
        """Remove what is left of a channel that has neither publications nor items."""


class SharedArchive(Archive, Protocol):
    """An archive to which several hubs write, behind a broker that puts their batches in order.

    A batch is taken when it follows on the newest one, and when it is there already; else its fault is
    `OtherPublications`.
    """

    async def identity(self) -> str:
        """Return an id that no other archive has."""

    async def count(self) -> int:
        """Return how many channels are kept."""

    async def adopt(self, channel: str, stored: Stored, items: Changes) -> None:
        """Keep a channel as it was elsewhere; nothing is done when it is kept already."""


def open_archive(address: str) -> Archive:
    """Return the archive at an address; it is not open yet.

    Args:
        address: ``sqlite:///path.db`` (a fourth slash for a path from the root) or ``postgresql://…``.

    Raises:
        ConfigError: If it is no such address, or a package is missing.
    """
    scheme = address.partition(":")[0]
    if scheme == "sqlite" and (path := address.removeprefix("sqlite:///")) not in ("", address):
        from .sqlite import SqliteArchive

        return SqliteArchive(path)
    return _postgres(address, is_shared=False)


def open_shared_archive(address: str) -> SharedArchive:
    """Return the archive at an address, for several hubs; see `open_archive`."""
    if address.startswith("sqlite:"):
        raise ConfigError(
            "hub.broker is Redis, for several processes, and hub.archive is a SQLite file, which belongs to "
            "one process: use 'postgresql://user@host/database', or leave hub.archive out"
        )
    return _postgres(address, is_shared=True)


def _postgres(address: str, *, is_shared: bool) -> PostgresArchive:
    scheme = address.partition(":")[0]
    if scheme not in ("postgresql", "postgres") or urlsplit(address).hostname is None:
        # The address itself may hold a password.
        raise ConfigError(
            f"hub.archive begins with {scheme[:20]!r}; use 'none', 'sqlite:///path.db' or "
            "'postgresql://user@host/database'"
        )
    try:
        from .postgres import PostgresArchive
    except ImportError:
        raise ConfigError(
            "hub.archive names PostgreSQL, which needs a package: pip install 'rtwidgets[postgres]'"
        ) from None
    return PostgresArchive(address, is_shared=is_shared)
