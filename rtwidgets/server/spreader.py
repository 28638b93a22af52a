"""Drives a broker that hubs share: commits, what others committed, and seeing what was missed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from ..archive.base import SharedArchive
from ..brokers.redis import Keeping, RedisBroker, keeping_of
from ..core import Hub
from ..core.batch import ArchiveFault, Batch, News, Place, Stored, Tail, Wanted, other_kind
from ..core.rules import KindName
from ..core.sharing import Sharing
from .archive_figures import ArchiveFigures
from .archive_reads import ArchiveReads, Done
from .archived_channels import ArchivedChannels
from .attempts import Attempts, Loads
from .clock import ahead_of
from .keeper import Keeper
from .node_driver import NodeDriver
from .pairing import Pairing, SameKinds
from .shared_channels import Outcome, SharedChannels

log = logging.getLogger("rtwidgets.hub")

# What is here is compared with what the broker has at this interval: so long is what a lost message costs.
SWEEP_INTERVAL_S = 5.0
# Channels are said to be in use at this interval.
TOUCH_INTERVAL_S = 60.0
# Channels that are asked for in one go.
PIECE = 500

_decode = msgspec.msgpack.Decoder(Batch).decode


class Spreader(Keeper):
    """Carry out what the core asks of the broker, and for some channels of an archive besides.

    Args:
        broker: Open or not; what fails now may work later.
        now: The hub's clock.
        archive: Keeps the channels whose namespaces say so, for all hubs of the broker.
    """

    def __init__(
        self,
        broker: RedisBroker,
        hub: Hub,
        now: Callable[[], float],
        archive: SharedArchive | None = None,
    ) -> None:
        super().__init__(hub, now)
        assert isinstance(hub.archiving, Sharing)
        self.broker = broker
        self.figures = ArchiveFigures()
        self.listener = broker.listener(hub.make_id(), self._hear)
        self.listener.on_back = self._on_back
        self._core = hub.archiving
        self._has_doubt = asyncio.Event()
        self._is_identified = False
        self._attempts = Attempts("broker")
        self._attempts.on_back = self._on_back
        self._shared = SharedChannels(broker, self._attempts, self.figures)
        # Those that are in an archive, too, and batches of theirs that wait for a commit of others to end.
        self.archived: ArchivedChannels | None = None
        self._line: list[Batch] = []
        self._has_line = asyncio.Event()
        if archive is not None:
            attempts = Attempts("archive")
            bound = hub.rules.limits.archive_channels
            self._past = ArchiveReads(archive, attempts, now, self._start)
            self.archived = ArchivedChannels(broker, self._attempts, self.figures, archive, attempts, bound)
        self._kinds = SameKinds(broker, self._attempts, hub.rules)
        self._pairing = Pairing(broker, self._attempts, hub.rules, self.archived)
        self._loads = Loads()
        self._core.port = self
        self.nodes = NodeDriver(broker, hub, now)

    async def check(self) -> None:
        """Open broker and archive to see whether that can be done, in whatever loop.

        Raises:
            ConfigError: If it can't, and never will.
        """
        await self.open()
        await self._close()

    async def open(self) -> None:
        """Open broker and archive; one that is away now is used as soon as it is there.

        Raises:
            ConfigError: If one can't be used, and never will.
        """
        await self._attempts.begin(self._open_broker())
        if self.archived is not None:
            await self.archived.open()
        await self._kinds.open()
        await self._pairing.open()

    async def _open_broker(self) -> None:
        await self.broker.open()
        await self._identify()

    async def close(self) -> None:
        """Let go of the broker."""
        await self._end_tasks()
        await self.nodes.leave()
        await self._close()

    async def _close(self) -> None:
        await self.broker.close()
        if self.archived is not None:
            await self.archived.archive.close()

    async def run(self) -> None:
        """Do all that has to be done all the time, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._commit_all())
            group.create_task(self._commit_line())
            group.create_task(self._sweep_all())
            group.create_task(self._touch_all())
            group.create_task(self.listener.run())
            group.create_task(self.nodes.run())

    # from the core --------------------------------------------------------------

    def enter(self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str) -> None:
        """Load a channel, a few at a time."""
        self._start(self._enter(channel, kind, tail, epoch, ended))

    def catch_up(self, channel: str, epoch: str, place: Place) -> None:
        """Read what came since."""
        self._start(self._catch_up(channel, place))

    def leave(self, channel: str) -> None:
        """Hear of a channel no more."""
        self._start(self.listener.leave(channel))

    def load(self, channel: str, kind: KindName, tail: Tail) -> None:
        """Not for a broker: its channels are entered."""
        raise NotImplementedError

    def settle(self, batch: Batch) -> None:
        """Not for a broker: what became of a batch is in the news."""
        raise NotImplementedError

    def read(self, channel: str, wanted: Wanted, done: Done) -> None:
        """Read publications; asked of archived channels only, as all others are in memory as a whole."""
        self._past.read(channel, wanted, done)

    def items_before(self, channel: str, key: bytes, limit: int, done: Done) -> None:
        """Read items, of archived channels only."""
        self._past.items_before(channel, key, limit, done)

    # inside ---------------------------------------------------------------------

    def _side(self, channel: str) -> SharedChannels:
        if self.archived is not None and self._core.is_archived(self._hub.channels[channel]):
            return self.archived
        return self._shared

    async def _check(self, side: SharedChannels) -> None:
        """Raise an ArchiveFault where the broker is not known yet, or others have another archive."""
        if not self._is_identified:
            await self._attempts.do(self._identify())
        if side is self.archived or self.archived is None:
            await self._pairing.check()

    async def _commit(self, batches: list[Batch]) -> None:
        shared: list[Batch] = []
        for batch in batches:
            (shared if self._side(batch.channel) is self._shared else self._line).append(batch)
        if self._line:
            # Others do not wait for the archive.
            self._has_line.set()
        if shared:
            await self._carry(self._shared, shared)

    async def _commit_line(self) -> None:
        while True:
            await self._has_line.wait()
            self._has_line.clear()
            batches, self._line = self._line, []
            assert self.archived is not None
            try:
                await self._carry(self.archived, batches)
            except Exception:
                log.exception("a commit could not be carried through")

    async def _carry(self, side: SharedChannels, batches: list[Batch]) -> None:
        outcomes: list[Outcome]
        try:
            await self._check(side)
            outcomes = await side.commit([(batch, self._keeping(batch.channel)) for batch in batches])
        except ArchiveFault as fault:
            outcomes = [fault] * len(batches)
        except Exception as error:
            outcomes = [self._attempts.unexpected(error)] * len(batches)
        now = self._now()
        for batch, outcome in zip(batches, outcomes, strict=True):
            self._core.committed(batch, outcome, now)
        self._has_committed.set()

    async def _enter(self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str) -> None:
        side = self._side(channel)
        async with side.room:
            stored: Stored | None = None
            news: News | None = None
            failure: ArchiveFault | None = None
            try:
                await self._check(side)
                # First, so that what is told while it is loaded is heard.
                await self.listener.join(channel)
                stored = await side.enter(channel, kind, tail, epoch, ended, self._keeping(channel))
                if stored.kind != kind:
                    raise other_kind("broker", channel, stored.kind, kind)
                async for piece in side.items(channel, tail):
                    self._core.items(channel, piece, stored.top)
                    # Others have their turn while a large one is loaded.
                    await asyncio.sleep(0)
                news = await side.all_news(channel, stored)
                if side is self.archived and self._core.has_more(channel, stored, news):
                    # Its offsets would be given to other publications.
                    raise ArchiveFault(f"the archive has lost publications of {channel!r}: restart the hubs")
            except ArchiveFault as fault:
                failure = fault
            except ValueError as error:
                failure = ArchiveFault(f"the broker's state of {channel!r} can't be read")
                failure.__cause__ = error
            except Exception as error:
                failure = self._attempts.unexpected(error)
            side.count_load(failed=failure is not None)
            self._loads.note(channel, failure)
            self._core.entered(channel, stored if failure is None else None, news, failure, self._now())

    async def _catch_up(self, channel: str, place: Place) -> None:
        side = self._side(channel)
        async with side.room:
            try:
                await self._check(side)
                # From its beginning on: there may be several batches at one offset.
                news: News | ArchiveFault = await side.news(channel, Place(place.offset, 0))
            except ArchiveFault as fault:
                news = fault
            except Exception as error:
                news = self._attempts.unexpected(error)
            self._core.news(channel, news, self._now())

    def _hear(self, message: bytes) -> None:
        self._core.hear(_decode(message), self._now())

    def _on_back(self) -> None:
        """Look for what was missed, at once."""
        self._has_doubt.set()

    async def _identify(self) -> None:
        """To clients, all hubs of a broker are one, and so is their clock."""
        self._hub.rename(await self.broker.identity(self._hub.hub_id))
        asked_at, core = self._now(), self._core
        ahead_s = ahead_of(await self.broker.time(), asked_at, self._now(), core.ahead_s)
        if ahead_s != core.ahead_s:
            log.warning("the broker's clock is %+.0f s from the hub's; publications have its times", ahead_s)
        core.ahead_s = ahead_s
        self._is_identified = True

    async def _sweep_all(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_INTERVAL_S):
                    await self._has_doubt.wait()
            self._has_doubt.clear()
            try:
                await self._identify()
                for agreement in (self._kinds, self._pairing):
                    with suppress(ArchiveFault):  # it says so itself
                        await agreement.look_again()
                await self._sweep()
            except ArchiveFault:
                pass  # whoever publishes says so
            except Exception:
                log.exception("channels could not be compared with the broker's")

    async def _sweep(self) -> None:
        """Compare what is here with what the broker has."""
        for names in _pieces([replica.name for replica in self._core.served()]):
            stands = await self._attempts.do(self.broker.stands(names))
            found = dict(zip(names, stands, strict=True))
            for replica in list(self._core.served()):
                if replica.name in found and (replica.is_behind or replica.last != found[replica.name]):
                    replica.suspect()

    async def _touch_all(self) -> None:
        while True:
            await asyncio.sleep(TOUCH_INTERVAL_S)
            try:
                for names in _pieces([replica.name for replica in self._core.served()]):
                    await self._attempts.do(
                        self.broker.touch([(name, self._keeping(name)) for name in names])
                    )
            except ArchiveFault:
                pass  # in a minute again
            except Exception:
                log.exception("channels could not be kept from expiring")

    def _keeping(self, channel: str) -> Keeping:
        served = self._hub.channels[channel]
        return keeping_of(served.namespace, served.limits)


def _pieces(names: list[str]) -> Iterator[list[str]]:
    return (names[start : start + PIECE] for start in range(0, len(names), PIECE))
