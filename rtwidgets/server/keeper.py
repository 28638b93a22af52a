"""What the drivers of an archive and of a broker have in common: rounds of commits, and work beside them."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from ..core import Hub
from ..core.batch import Batch

log = logging.getLogger("rtwidgets.hub")

# A hub that ends waits so long for the last commit.
FLUSH_TIMEOUT_S = 3.0


class Keeper(ABC):
    """Carry out what the core asks, in tasks of the hub's loop.

    Batches that come while a commit is under way go into the next one, together.

    Args:
        now: The hub's clock.
    """

    def __init__(self, hub: Hub, now: Callable[[], float]) -> None:
        self._hub = hub
        self._now = now
        self._has_work = asyncio.Event()
        self._has_committed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Commit soon."""
        self._has_work.set()

    async def flush(self, timeout_s: float) -> None:
        """Wait until nothing waits for a commit, or the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._hub.archiving.waiting_bytes:
                    self._has_committed.clear()
                    await self._has_committed.wait()

    @abstractmethod
    async def _commit(self, batches: list[Batch]) -> None:
        """Commit batches of different channels and tell the core."""

    async def _commit_all(self) -> None:
        """Commit what there is to commit, until cancelled."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            try:
                batches = self._hub.archiving.batches(self._now())
                if batches:
                    await self._commit(batches)
            except Exception:
                # All other channels depend on this going on.
                log.exception("a commit could not be carried through")

    async def _end_tasks(self) -> None:
        """End what is under way."""
        if self._hub.archiving.waiting_bytes:
            log.error("the hub ends with publications that were not committed; nobody was told they were")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
