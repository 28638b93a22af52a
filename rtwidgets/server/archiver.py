"""Drives the archive for the hub: commits, loads and reads, and what they take."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from ..archive import Archive
from ..core import Hub
from ..core.batch import ArchiveFault, Batch, Tail, Wanted
from ..core.rules import KindName
from .archive_figures import ArchiveFigures

log = logging.getLogger("rtwidgets.hub")

# Channels that are loaded, or read from, at a time.
MAX_READS = 4
# After a failure the next request fails at once for so long: asking again would keep it waiting for nothing.
PAUSE_S = 0.5
# A hub that ends waits so long for the last commit.
FLUSH_TIMEOUT_S = 3.0


class Archiver:
    """Carry out what the core asks of the archive, in tasks of the hub's loop.

    Batches that come while a commit is under way go into the next one, together.

    Args:
        archive: Open or not; what fails now may work later.
        now: The hub's clock.
    """

    def __init__(self, archive: Archive, hub: Hub, now: Callable[[], float]) -> None:
        self.archive = archive
        self.figures = ArchiveFigures()
        # Channels that nobody may load just now, and what ends that; see `Cleaner`.
        self.frozen: frozenset[str] = frozenset()
        self.thawed = asyncio.Event()
        self._hub = hub
        self._core = hub.archiving
        self._now = now
        self._reads = asyncio.Semaphore(MAX_READS)
        self._has_work = asyncio.Event()
        self._has_committed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: ArchiveFault | None = None
        self._failed_at = 0.0
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
        try:
            await self.archive.open()
        except ArchiveFault as fault:
            log.error("the archive can't be opened yet: %s", _reason(fault))

    async def close(self) -> None:
        """Let go of the archive."""
        if self._core.waiting_bytes:
            log.error("the hub ends with publications that were not committed; nobody was told they were")
        for task in list(self._tasks):
            task.cancel()
        await self.archive.close()

    async def run(self) -> None:
        """Commit what there is to commit, until cancelled."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            try:
                batches = self._core.batches(self._now())
                if batches:
                    await self._commit(batches)
            except Exception:
                # All other channels depend on this going on.
                log.exception("a commit could not be carried through")

    async def flush(self, timeout_s: float) -> None:
        """Wait until nothing waits for a commit, or the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._core.waiting_bytes:
                    self._has_committed.clear()
                    await self._has_committed.wait()

    # from the core --------------------------------------------------------------

    def wake(self) -> None:
        """Commit soon."""
        self._has_work.set()

    def load(self, channel: str, kind: KindName, tail: Tail) -> None:
        """Load a channel, a few at a time."""
        self._start(self._load(channel, kind, tail))

    def settle(self, batch: Batch) -> None:
        """Find out what became of a batch."""
        self._start(self._settle(batch))

    def read(
        self, channel: str, wanted: Wanted, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        """Read publications."""
        self._start(self._look_up(self.archive.read(channel, wanted), done))

    def items_before(
        self, channel: str, key: bytes, limit: int, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        """Read items."""
        self._start(self._look_up(self.archive.items_before(channel, key, limit), done))

    # inside ---------------------------------------------------------------------

    async def _commit(self, batches: list[Batch]) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        bound = self._hub.rules.limits.archive_channels
        faults: list[ArchiveFault | None]
        try:
            faults = await self._attempt(self.archive.commit(batches, bound))
        except ArchiveFault as fault:
            faults = [fault] * len(batches)
        publications = sum(len(batch.publications) for batch in batches)
        self.figures.commit(loop.time() - started, publications, failed=any(faults))
        now = self._now()
        for batch, outcome in zip(batches, faults, strict=True):
            self._core.archived(batch, outcome, now)
        self._has_committed.set()

    async def _load(self, channel: str, kind: KindName, tail: Tail) -> None:
        async with self._reads:
            while channel in self.frozen:
                await self.thawed.wait()
            stored, failure = None, None
            try:
                stored = await self._attempt(self.archive.load(channel, tail))
                if stored is not None and stored.kind != kind:
                    raise ArchiveFault(f"the archive has {channel!r} as a {stored.kind}, not as a {kind}")
                if stored is not None:
                    async for piece in self.archive.items(channel, tail.items):
                        self._core.items(channel, piece, stored.top)
                        # Others have their turn while a large one is loaded.
                        await asyncio.sleep(0)
            except ArchiveFault as fault:
                stored, failure = None, fault
                log.error("channel %r can't be loaded: %s", channel, _reason(fault))
            except ValueError as error:
                stored, failure = None, ArchiveFault(f"the archive's state of {channel!r} can't be read")
                log.error("channel %r can't be loaded, its state can't be read: %s", channel, error)
            self.figures.loads += 1
            self.figures.failed_loads += failure is not None
            self._core.loaded(channel, stored, failure, self._now())

    async def _settle(self, batch: Batch) -> None:
        try:
            found = await self._attempt(self.archive.was_committed(batch))
        except ArchiveFault as fault:
            self._core.settled(batch, False, fault, self._now())
        else:
            self._core.settled(batch, found, None, self._now())

    async def _look_up(
        self,
        work: Coroutine[Any, Any, list[bytes]],
        done: Callable[[list[bytes] | ArchiveFault, float], None],
    ) -> None:
        async with self._reads:
            try:
                found: list[bytes] | ArchiveFault = await self._attempt(work)
            except ArchiveFault as fault:
                found = fault
            done(found, self._now())

    async def _attempt(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something with the archive, unless that has failed a moment ago."""
        loop = asyncio.get_running_loop()
        if self._fault is not None and loop.time() < self._failed_at + PAUSE_S:
            work.close()
            raise ArchiveFault(self._fault.message)
        try:
            result = await work
        except Exception as error:
            fault = error if isinstance(error, ArchiveFault) else _unexpected(error)
            if not fault.limit:
                if self._fault is None:
                    log.error("the archive fails: %s", _reason(fault))
                self._fault, self._failed_at = fault, loop.time()
            raise fault from fault.__cause__
        if self._fault is not None:
            log.warning("the archive works again")
            self._fault = None
        return result

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _reason(fault: ArchiveFault) -> str:
    """Return what went wrong for the hub's log, which may say more than its clients are told."""
    cause = fault.__cause__
    return fault.message if cause is None else f"{fault.message}: {type(cause).__name__}: {cause}"


def _unexpected(error: Exception) -> ArchiveFault:
    log.error("the archive fails in a way that nobody has thought of", exc_info=error)
    return ArchiveFault("the archive can't be used now", in_doubt=True)
