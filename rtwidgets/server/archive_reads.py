"""Reading from the archive for clients, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from ..archive import Archive
from ..core.batch import ArchiveFault, Wanted
from .attempts import Attempts

# Channels that are loaded, or read from, at a time.
MAX_READS = 4

Done: TypeAlias = Callable[[list[bytes] | ArchiveFault, float], None]


class ArchiveReads:
    """Look things up and call back.

    Args:
        now: The hub's clock.
        start: Starts a task.
    """

    def __init__(
        self,
        archive: Archive,
        attempts: Attempts,
        now: Callable[[], float],
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        # Whoever loads a channel takes one of them, too.
        self.room = asyncio.Semaphore(MAX_READS)
        self._archive = archive
        self._attempts = attempts
        self._now = now
        self._start = start

    def read(self, channel: str, wanted: Wanted, done: Done) -> None:
        """Read publications."""
        self._start(self._look_up(self._archive.read(channel, wanted), done))

    def items_before(self, channel: str, key: bytes, limit: int, done: Done) -> None:
        """Read items."""
        self._start(self._look_up(self._archive.items_before(channel, key, limit), done))

    async def _look_up(self, work: Coroutine[Any, Any, list[bytes]], done: Done) -> None:
        async with self.room:
            try:
                found: list[bytes] | ArchiveFault = await self._attempts.do(work)
            except ArchiveFault as fault:
                found = fault
            done(found, self._now())
