"""Removes from the archive what it need not keep any more, in the background and in small pieces."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable
from typing import Protocol

from ..archive import Archive, Kept
from ..core import Hub, Namespace
from ..core.batch import ArchiveFault
from .archive_figures import ArchiveFigures

log = logging.getLogger("rtwidgets.hub")

# From the end of one round to the beginning of the next.
INTERVAL_S = 30.0
# After each piece others have the archive for a while.
REST_S = 0.02
# A producer that has sent nothing for so long will send nothing again.
PRODUCER_TTL_S = 24 * 3600.0
# The largest channels, which lose their oldest publications when all together take too much.
LARGEST = 100
# They lose so much of what they have at a time.
SHARE = 8


class HasArchive(Protocol):
    """Who uses the archive."""

    figures: ArchiveFigures

    @property
    def archive(self) -> Archive:
        """The archive."""

    async def forget(self, gone: list[Kept]) -> None:
        """Remove channels of which nothing is left, unless they are in use."""


class Cleaner:
    """Hold every channel to its namespace's time and size, and all of them to `archive_bytes`.

    Args:
        interval_s: Seconds between two rounds.
    """

    def __init__(
        self, archiver: HasArchive, hub: Hub, now: Callable[[], float], interval_s: float = INTERVAL_S
    ) -> None:
        self._archiver = archiver
        self._archive = archiver.archive
        self._hub = hub
        self._now = now
        self._interval_s = interval_s

    async def run(self) -> None:
        """Clean up now and then, until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                await self.round()
            except ArchiveFault:
                pass  # whoever writes to it says so
            except Exception:
                log.exception("the archive could not be cleaned up")

    async def round(self) -> None:
        """Look through all channels once."""
        now = self._hub.archiving.time(self._now())
        await self._archive.tidy(int((now - PRODUCER_TTL_S) * 1000))
        after, total = 0, 0
        largest: list[tuple[int, int, Kept]] = []
        while found := await self._archive.survey(after):
            after = found[-1].id
            for kept in found:
                total += kept.bytes
                largest.append((kept.bytes, kept.id, kept))
                await self._hold_to_rules(kept, now)
            largest = heapq.nlargest(LARGEST, largest)
            if gone := [kept for kept in found if kept.first is None and not kept.has_items]:
                await self._archiver.forget(gone)
            await asyncio.sleep(REST_S)
        await self._hold_to_total(total, [kept for _, _, kept in largest])

    async def _hold_to_rules(self, kept: Kept, now: float) -> None:
        namespace = self._namespace(kept)
        if kept.first is None or namespace is None:
            return
        stop = kept.first
        if namespace.archive_size:
            stop = max(stop, kept.top - namespace.archive_size + 1)
        oldest_ms = int((now - namespace.archive_ttl_s) * 1000)
        if namespace.archive_ttl_s and kept.oldest_ms is not None and kept.oldest_ms < oldest_ms:
            young = await self._archive.offset_at(kept.id, oldest_ms)
            stop = max(stop, kept.top + 1 if young is None else young)
        await self._trim(kept, stop)

    async def _hold_to_total(self, total: int, largest: list[Kept]) -> None:
        """Take from the largest channels until all of them together have the room that they may have."""
        bound = self._hub.rules.limits.archive_bytes
        if not bound or total <= bound:
            return
        self._hub.refused["archive_bytes"] += 1
        for kept in largest:
            if total <= bound or kept.first is None or not kept.bytes:
                return
            # An eighth of what it has, or what is too much.
            count = kept.top - kept.first + 1
            excess = min(total - bound, kept.bytes)
            share = min(count, max(count // SHARE, -(-count * excess // kept.bytes)))
            await self._trim(kept, kept.first + share)
            total -= kept.bytes * share // count

    async def _trim(self, kept: Kept, stop: int) -> None:
        if kept.first is None or stop <= kept.first:
            return
        namespace = self._namespace(kept)
        items = namespace is not None and namespace.kind == "chat"
        while True:
            more = await self._archive.trim(kept.id, stop, items=items)
            self._archiver.figures.trimmed += 1
            await asyncio.sleep(REST_S)
            if not more:
                return

    def _namespace(self, kept: Kept) -> Namespace | None:
        return self._hub.namespace(kept.name)
