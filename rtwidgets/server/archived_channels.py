"""Channels that a broker puts in order and an archive keeps, for several hubs."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from time import monotonic

from ..archive.base import Kept, OtherPublications, SharedArchive, too_many_channels
from ..brokers.redis import Keeping, RedisBroker
from ..core.batch import START, ArchiveFault, Batch, Changes, News, Place, Stored, Tail
from ..core.rules import KindName
from .archive_figures import ArchiveFigures
from .attempts import Attempts
from .shared_channels import Outcome, SharedChannels

log = logging.getLogger("rtwidgets.hub")

# What the broker has of a channel may change while it is looked at: so often it is looked at again.
LOOKS = 20
# All that the broker has of a channel.
ALL = Tail(size=2**31, since_ms=0, max_bytes=0, items=0)


class ArchivedChannels(SharedChannels):
    """What is asked of broker and archive for channels that both of them keep.

    A batch is committed in the broker and then in the archive, and no hub takes it over before both have it:
    what a hub gets from the broker it writes to the archive first, unless that has it. So a broker is at
    most one batch of a channel ahead of the archive, nobody has seen what the archive has not, and a broker
    that has lost something can be set to where the archive stands, under the same epoch.

    Args:
        attempts: The broker's.
        archive_attempts: The archive's.
        max_channels: The limit `archive_channels`.
    """

    # They hear of it when the archive has it, too.
    tells = False

    def __init__(
        self,
        broker: RedisBroker,
        attempts: Attempts,
        broker_figures: ArchiveFigures,
        archive: SharedArchive,
        archive_attempts: Attempts,
        max_channels: int,
    ) -> None:
        super().__init__(broker, attempts, broker_figures)
        self.archive = archive
        self.figures = ArchiveFigures()
        self._archive_attempts = archive_attempts
        self._max_channels = max_channels

    async def open(self) -> None:
        """Open the archive; one that is away now is used as soon as it is there.

        Raises:
            ConfigError: If it can't be used, and never will.
        """
        await self._archive_attempts.begin(self.archive.open())

    async def identity(self) -> str:
        """Return the archive's id."""
        return await self._archive_attempts.do(self.archive.identity())

    async def commit(self, pairs: Sequence[tuple[Batch, Keeping]]) -> list[Outcome]:
        """Commit batches in the broker and in the archive, and what came before them in the archive."""
        started = monotonic()
        try:
            self._archive_attempts.check()
            refusal = await self._refusal_of_new(pairs)
        except ArchiveFault as fault:
            self.figures.commit(monotonic() - started, 0, failed=True)
            return [fault] * len(pairs)
        taken = [pair for pair in pairs if refusal is None or not _is_new(pair[0])]
        outcomes = await self._commit(taken) if taken else []
        found = dict(zip((batch.channel for batch, _ in taken), outcomes, strict=True))
        return [found.get(batch.channel, refusal) for batch, _ in pairs]

    async def enter(
        self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str, keeping: Keeping
    ) -> Stored:
        """Return where a channel stands in the archive, once the broker leads on from there."""
        for _ in range(LOOKS):
            # First: then it changes no more, or the archive has at least what came before its newest batch.
            (seen,) = await self._attempts.do(self.broker.stands([channel]))
            stored = await self._archive_attempts.do(self.archive.load(channel, tail))
            if stored is None:
                found = await super().enter(channel, kind, ALL, epoch, ended, keeping)
                if found.place == START or found.kind != kind:
                    return found
                await self._adopt(channel, found)
                continue
            if stored.kind != kind or await self._leads_on(channel, stored):
                return stored
            await self._attempts.do(self.broker.restore(channel, seen, stored, keeping))
        raise ArchiveFault(f"broker and archive don't agree on {channel!r}")

    def items(self, channel: str, tail: Tail) -> AsyncIterator[Changes]:
        """Yield a channel's state in pieces, lower ranks first."""
        return self.archive.items(channel, tail.items)

    async def news(self, channel: str, place: Place) -> News:
        """Return what came since a place, once the archive has it."""
        news = await super().news(channel, place)
        if news.batches:
            (fault,) = await self._keep(news.batches[-1:])
            if isinstance(fault, OtherPublications):
                return News("")
            if fault is not None:
                raise fault
        return news

    def count_load(self, *, failed: bool) -> None:
        """Count a channel that was loaded, or could not be."""
        super().count_load(failed=failed)
        self.figures.loads += 1
        self.figures.failed_loads += failed

    async def forget(self, gone: list[Kept]) -> None:
        """Remove channels of which nothing is left, unless the broker knows them."""
        stands = await self._attempts.do(self.broker.stands([kept.name for kept in gone]))
        for kept, (epoch, _) in zip(gone, stands, strict=True):
            if not epoch:
                await self.archive.forget(kept.id)

    # inside ---------------------------------------------------------------------

    async def _commit(self, pairs: Sequence[tuple[Batch, Keeping]]) -> list[Outcome]:
        outcomes = await super().commit(pairs)
        due = [_due(batch, outcome) for (batch, _), outcome in zip(pairs, outcomes, strict=True)]
        faults = iter(await self._keep([batch for batch in due if batch is not None]))
        kept = []
        for n, (batch, _) in enumerate(pairs):
            fault = next(faults) if due[n] is not None else None
            if isinstance(fault, OtherPublications):
                # Not what the archive goes on with, so it is nowhere: the channel is loaded anew.
                outcomes[n] = News("")
            elif fault is not None:
                outcomes[n] = fault
            elif outcomes[n] is None:
                kept.append(batch)
        await self._tell(kept)
        return outcomes

    async def _refusal_of_new(self, pairs: Sequence[tuple[Batch, Keeping]]) -> ArchiveFault | None:
        """Return why the archive would take no channel that it does not have yet."""
        bound = self._max_channels
        if not bound or not any(_is_new(batch) for batch, _ in pairs):
            return None
        if await self._archive_attempts.do(self.archive.count()) < bound:
            return None
        return too_many_channels(bound)

    async def _keep(self, batches: list[Batch]) -> list[ArchiveFault | None]:
        """Write batches of different channels to the archive, which may have them."""
        if not batches:
            return []
        started = monotonic()
        faults: list[ArchiveFault | None]
        try:
            faults = await self._archive_attempts.do_in_turn(self.archive.commit(batches, 0))
        except ArchiveFault as fault:
            faults = [fault] * len(batches)
        publications = sum(len(batch.publications) for batch in batches)
        seconds = monotonic() - started
        self.figures.commit(seconds, publications, failed=any(faults))
        return faults

    async def _tell(self, batches: list[Batch]) -> None:
        if batches:
            try:
                await self._attempts.do(self.broker.tell_of(batches))
            except ArchiveFault:
                pass  # others find it when they compare

    async def _leads_on(self, channel: str, stored: Stored) -> bool:
        """Say whether the broker stands where the archive does, or goes on from there.

        More than one batch behind it is there as a rule by now; an archive that was set back gets them again.
        """
        last, place = stored.last, stored.place
        while True:
            news = await super().news(channel, place)
            if news.epoch != stored.epoch:
                return False
            behind = [batch for batch in news.batches if batch.place > place]
            if not behind or behind[0].after != last:
                return news.last == last
            for batch in behind if len(behind) > 1 else ():
                (fault,) = await self._keep([batch])
                if fault is not None:
                    raise fault
            last, place = behind[-1].id, behind[-1].place
            if last == news.last:
                return True

    async def _adopt(self, channel: str, found: Stored) -> None:
        """Give the archive a channel that only the broker has."""
        items: Changes = {}
        async for piece in self.broker.items(channel):
            items.update(piece)
        await self._archive_attempts.do(self.archive.adopt(channel, found, items))


def _due(batch: Batch, outcome: Outcome) -> Batch | None:
    """Return what the archive has to have before an outcome is told."""
    if isinstance(outcome, News):
        return outcome.batches[-1] if outcome.batches and outcome.epoch == batch.epoch else None
    return batch if outcome is None else None


def _is_new(batch: Batch) -> bool:
    """Say whether a batch begins a channel."""
    return not batch.after and not batch.before
