"""Channels that a broker keeps for several hubs, as their driver sees them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from time import monotonic
from typing import TypeAlias

from ..brokers.redis import Keeping, RedisBroker
from ..core.batch import ArchiveFault, Batch, Changes, News, Place, Stored, Tail
from ..core.rules import KindName
from .archive_figures import ArchiveFigures
from .attempts import Attempts, reason_of

log = logging.getLogger("rtwidgets.hub")

# Channels that are loaded, or caught up with, at a time.
MAX_READS = 16

Outcome: TypeAlias = News | ArchiveFault | None


class SharedChannels:
    """What is asked of the broker for channels that it alone keeps.

    Args:
        attempts: The broker's.
        figures: Its figures.
    """

    # Whether others hear of a batch as soon as the broker has it.
    tells = True

    def __init__(self, broker: RedisBroker, attempts: Attempts, figures: ArchiveFigures) -> None:
        # Whoever loads a channel or catches up with it takes one of these.
        self.room = asyncio.Semaphore(MAX_READS)
        self.broker = broker
        self._attempts = attempts
        self._figures = figures
        # Whether the log says that the broker answers, and does not keep what it is given.
        self._is_refused = False

    async def commit(self, pairs: Sequence[tuple[Batch, Keeping]]) -> list[Outcome]:
        """Commit batches of different channels; say of each what became of it, see `RedisBroker.commit`."""
        started = monotonic()
        outcomes: list[Outcome]
        try:
            outcomes = await self._attempts.do(self.broker.commit(pairs, tells=self.tells))
            self._note(outcomes)
        except ArchiveFault as fault:
            outcomes = [fault] * len(pairs)
        publications = sum(len(batch.publications) for batch, _ in pairs)
        failed = any(isinstance(outcome, ArchiveFault) for outcome in outcomes)
        self._figures.commit(monotonic() - started, publications, failed=failed)
        return outcomes

    async def enter(
        self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str, keeping: Keeping
    ) -> Stored:
        """Return where a channel stands; see `RedisBroker.enter`."""
        return await self._attempts.do(self.broker.enter(channel, kind, tail, epoch, ended, keeping))

    def items(self, channel: str, tail: Tail) -> AsyncIterator[Changes]:
        """Yield a channel's state in pieces, lower ranks first."""
        return self.broker.items(channel)

    async def news(self, channel: str, place: Place) -> News:
        """Return what came since a place, or the beginning of it."""
        return await self._attempts.do(self.broker.news(channel, place))

    async def all_news(self, channel: str, stored: Stored) -> News:
        """Return all that came since a channel was read."""
        news = await self.news(channel, stored.place)
        while news.batches and news.batches[-1].id != news.last:
            more = await self.news(channel, news.batches[-1].place)
            more.batches[:0] = news.batches[:-1]
            news = more
        return news

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        fault = next((outcome for outcome in outcomes if isinstance(outcome, ArchiveFault)), None)
        if fault is not None and not self._is_refused:
            log.error("the broker keeps no publications: %s", reason_of(fault))
        elif fault is None and self._is_refused:
            log.warning("the broker keeps publications again")
        self._is_refused = fault is not None

    def count_load(self, *, failed: bool) -> None:
        """Count a channel that was loaded, or could not be."""
        self._figures.loads += 1
        self._figures.failed_loads += failed
