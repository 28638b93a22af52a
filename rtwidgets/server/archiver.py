"""Drives the archive for the hub: commits, loads and reads, and what they take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..archive import Archive, Kept
from ..core import Hub
from ..core.batch import ArchiveFault, Batch, Tail, Wanted, other_kind
from ..core.rules import KindName
from .archive_figures import ArchiveFigures
from .archive_reads import ArchiveReads, Done
from .attempts import Attempts, Loads
from .keeper import Keeper


class Archiver(Keeper):
    """Carry out what the core asks of the archive.

    Args:
        archive: Open or not; what fails now may work later.
        now: The hub's clock.
    """

    def __init__(self, archive: Archive, hub: Hub, now: Callable[[], float]) -> None:
        super().__init__(hub, now)
        self.archive = archive
        self.figures = ArchiveFigures()
        # Channels that nobody may load just now, and what ends that; see `forgetting`.
        self._frozen: frozenset[str] = frozenset()
        self._thawed = asyncio.Event()
        self._core = hub.archiving
        self._attempts = Attempts("archive")
        self._loads = Loads()
        self._reads = ArchiveReads(archive, self._attempts, now, self._start)
        self._core.port = self

    async def check(self) -> None:
        """Open the archive to see whether that can be done, in whatever loop.

        Raises:
            ConfigError: If it can't, and never will.
        """
        await self.open()
        await self.archive.close()

    async def open(self) -> None:
        """Open the archive; one that is away now is used as soon as it is there.

        Raises:
            ConfigError: If it can't be used, and never will.
        """
        await self._attempts.begin(self.archive.open())

    async def close(self) -> None:
        """Let go of the archive."""
        await self._end_tasks()
        await self.archive.close()

    async def run(self) -> None:
        """Commit what there is to commit, until cancelled."""
        await self._commit_all()

    async def forget(self, gone: list[Kept]) -> None:
        """Remove channels of which nothing is left, unless they are in use."""
        gone = [kept for kept in gone if kept.name not in self._hub.channels]
        self._frozen = frozenset(kept.name for kept in gone)
        try:
            for kept in gone:
                await self.archive.forget(kept.id)
        finally:
            self._frozen = frozenset()
            self._thawed.set()
            self._thawed.clear()

    # from the core --------------------------------------------------------------

    def load(self, channel: str, kind: KindName, tail: Tail) -> None:
        """Load a channel, a few at a time."""
        self._start(self._load(channel, kind, tail))

    def settle(self, batch: Batch) -> None:
        """Find out what became of a batch."""
        self._start(self._settle(batch))

    def read(self, channel: str, wanted: Wanted, done: Done) -> None:
        """Read publications."""
        self._reads.read(channel, wanted, done)

    def items_before(self, channel: str, key: bytes, limit: int, done: Done) -> None:
        """Read items."""
        self._reads.items_before(channel, key, limit, done)

    # inside ---------------------------------------------------------------------

    async def _commit(self, batches: list[Batch]) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        bound = self._hub.rules.limits.archive_channels
        faults: list[ArchiveFault | None]
        try:
            faults = await self._attempts.do(self.archive.commit(batches, bound))
        except ArchiveFault as fault:
            faults = [fault] * len(batches)
        publications = sum(len(batch.publications) for batch in batches)
        self.figures.commit(loop.time() - started, publications, failed=any(faults))
        now = self._now()
        for batch, outcome in zip(batches, faults, strict=True):
            self._core.archived(batch, outcome, now)
        self._has_committed.set()

    async def _load(self, channel: str, kind: KindName, tail: Tail) -> None:
        async with self._reads.room:
            while channel in self._frozen:
                await self._thawed.wait()
            stored, failure = None, None
            try:
                stored = await self._attempts.do(self.archive.load(channel, tail))
                if stored is not None and stored.kind != kind:
                    raise other_kind("archive", channel, stored.kind, kind)
                if stored is not None:
                    async for piece in self.archive.items(channel, tail.items):
                        self._core.items(channel, piece, stored.top)
                        # Others have their turn while a large one is loaded.
                        await asyncio.sleep(0)
            except ArchiveFault as fault:
                stored, failure = None, fault
            except ValueError as error:
                stored, failure = None, ArchiveFault(f"the archive's state of {channel!r} can't be read")
                failure.__cause__ = error
            except Exception as error:
                stored, failure = None, self._attempts.unexpected(error)
            self.figures.loads += 1
            self.figures.failed_loads += failure is not None
            self._loads.note(channel, failure)
            self._core.loaded(channel, stored, failure, self._now())

    async def _settle(self, batch: Batch) -> None:
        try:
            found = await self._attempts.do(self.archive.was_committed(batch))
        except ArchiveFault as fault:
            self._core.settled(batch, False, fault, self._now())
        else:
            self._core.settled(batch, found, None, self._now())
