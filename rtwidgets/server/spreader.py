"""Drives a broker that hubs share: commits, what others committed, and seeing what was missed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from ..brokers.redis import Keeping, RedisBroker, keeping_of
from ..core import Hub
from ..core.batch import ArchiveFault, Batch, News, Place, Stored, Tail, Wanted
from ..core.rules import KindName
from ..core.sharing import Sharing
from .archive_figures import ArchiveFigures
from .node_driver import NodeDriver

log = logging.getLogger("rtwidgets.hub")

# Channels that are loaded, or caught up with, at a time.
MAX_READS = 16
# After a failure the next request fails at once for so long: asking again would keep it waiting for nothing.
PAUSE_S = 0.5
# What is here is compared with what the broker has at this interval: so long is what a lost message costs.
SWEEP_INTERVAL_S = 5.0
# Channels are said to be in use at this interval.
TOUCH_INTERVAL_S = 60.0
# Channels that are asked for in one go.
PIECE = 500

T = TypeVar("T")

_decode = msgspec.msgpack.Decoder(Batch).decode


class Spreader:
    """Carry out what the core asks of the broker, in tasks of the hub's loop.

    Batches that come while a commit is under way go into the next one, together.

    Args:
        broker: Open or not; what fails now may work later.
        now: The hub's clock.
    """

    def __init__(self, broker: RedisBroker, hub: Hub, now: Callable[[], float]) -> None:
        assert isinstance(hub.archiving, Sharing)
        self.broker = broker
        self.figures = ArchiveFigures()
        self.listener = broker.listener(hub.make_id(), self._hear)
        self.listener.on_back = self._on_back
        self._hub = hub
        self._core = hub.archiving
        self._now = now
        self._reads = asyncio.Semaphore(MAX_READS)
        self._has_work = asyncio.Event()
        self._has_committed = asyncio.Event()
        self._has_doubt = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: ArchiveFault | None = None
        self._failed_at = 0.0
        self._core.port = self
        self.nodes = NodeDriver(broker, hub, now)

    async def check(self) -> None:
        """Open the broker to see whether that can be done, in whatever loop.

        Raises:
            ConfigError: If it can't, and never will.
        """
        await self.open()
        await self.broker.close()

    async def open(self) -> None:
        """Open the broker; one that is away now is used as soon as it is there.

        Raises:
            ConfigError: If it can't be used, and never will.
        """
        try:
            await self.broker.open()
            await self._identify()
        except ArchiveFault as fault:
            log.error("the broker can't be reached yet: %s", _reason(fault))

    async def close(self) -> None:
        """Let go of the broker."""
        if self._core.waiting_bytes:
            log.error("the hub ends with publications that were not committed; nobody was told they were")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.nodes.leave()
        await self.broker.close()

    async def run(self) -> None:
        """Do all that has to be done all the time, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._commit_all())
            group.create_task(self._sweep_all())
            group.create_task(self._touch_all())
            group.create_task(self.listener.run())
            group.create_task(self.nodes.run())

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

    def read(
        self, channel: str, wanted: Wanted, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        """Not for a broker: all it has is in memory."""
        raise NotImplementedError

    def items_before(
        self, channel: str, key: bytes, limit: int, done: Callable[[list[bytes] | ArchiveFault, float], None]
    ) -> None:
        """Not for a broker: all it has is in memory."""
        raise NotImplementedError

    # inside ---------------------------------------------------------------------

    async def _commit_all(self) -> None:
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

    async def _commit(self, batches: list[Batch]) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        outcomes: list[News | ArchiveFault | None]
        try:
            pairs = [(batch, self._keeping(batch.channel)) for batch in batches]
            outcomes = await self._attempt(self.broker.commit(pairs))
        except ArchiveFault as fault:
            outcomes = [fault] * len(batches)
        publications = sum(len(batch.publications) for batch in batches)
        failed = any(isinstance(outcome, ArchiveFault) for outcome in outcomes)
        self.figures.commit(loop.time() - started, publications, failed=failed)
        now = self._now()
        for batch, outcome in zip(batches, outcomes, strict=True):
            self._core.committed(batch, outcome, now)
        self._has_committed.set()

    async def _enter(self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str) -> None:
        async with self._reads:
            stored: Stored | None = None
            news: News | None = None
            failure: ArchiveFault | None = None
            try:
                # First, so that what is told while it is loaded is heard.
                await self.listener.join(channel)
                keeping = self._keeping(channel)
                stored = await self._attempt(self.broker.enter(channel, kind, tail, epoch, ended, keeping))
                if stored.kind != kind:
                    raise ArchiveFault(f"the broker has {channel!r} as a {stored.kind}, not as a {kind}")
                async for piece in self.broker.items(channel):
                    self._core.items(channel, piece, stored.top)
                    # Others have their turn while a large one is loaded.
                    await asyncio.sleep(0)
                news = await self._news(channel, stored)
            except ArchiveFault as fault:
                failure = fault
                log.error("channel %r can't be loaded: %s", channel, _reason(fault))
            except ValueError as error:
                failure = ArchiveFault(f"the broker's state of {channel!r} can't be read")
                log.error("channel %r can't be loaded, its state can't be read: %s", channel, error)
            self.figures.loads += 1
            self.figures.failed_loads += failure is not None
            self._core.entered(channel, stored if failure is None else None, news, failure, self._now())

    async def _news(self, channel: str, stored: Stored) -> News:
        """Return all that came since a channel was read."""
        news = await self._attempt(self.broker.news(channel, stored.place))
        while news.batches and news.batches[-1].id != news.last:
            more = await self._attempt(self.broker.news(channel, news.batches[-1].place))
            more.batches[:0] = news.batches[:-1]
            news = more
        return news

    async def _catch_up(self, channel: str, place: Place) -> None:
        async with self._reads:
            try:
                # From its beginning on: there may be several batches at one offset.
                news: News | ArchiveFault = await self._attempt(
                    self.broker.news(channel, Place(place.offset, 0))
                )
            except ArchiveFault as fault:
                news = fault
            self._core.news(channel, news, self._now())

    def _hear(self, message: bytes) -> None:
        self._core.hear(_decode(message), self._now())

    def _on_back(self) -> None:
        """Look for what was missed, at once."""
        self._has_doubt.set()

    async def _identify(self) -> None:
        """To clients, all hubs of a broker are one."""
        self._hub.rename(await self.broker.identity(self._hub.hub_id))

    async def _sweep_all(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_INTERVAL_S):
                    await self._has_doubt.wait()
            self._has_doubt.clear()
            try:
                await self._identify()
                await self._sweep()
            except ArchiveFault:
                pass  # whoever publishes says so
            except Exception:
                log.exception("channels could not be compared with the broker's")

    async def _sweep(self) -> None:
        """Compare what is here with what the broker has."""
        for names in _pieces([replica.name for replica in self._core.served()]):
            stands = await self._attempt(self.broker.stands(names))
            found = dict(zip(names, stands, strict=True))
            for replica in list(self._core.served()):
                if replica.name in found and (replica.is_behind or replica.last != found[replica.name]):
                    replica.suspect()

    async def _touch_all(self) -> None:
        while True:
            await asyncio.sleep(TOUCH_INTERVAL_S)
            try:
                for names in _pieces([replica.name for replica in self._core.served()]):
                    await self._attempt(self.broker.touch([(name, self._keeping(name)) for name in names]))
            except ArchiveFault:
                pass  # in a minute again
            except Exception:
                log.exception("channels could not be kept from expiring")

    def _keeping(self, channel: str) -> Keeping:
        served = self._hub.channels[channel]
        return keeping_of(served.namespace, served.limits)

    async def _attempt(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something with the broker, unless that has failed a moment ago."""
        loop = asyncio.get_running_loop()
        if self._fault is not None and loop.time() < self._failed_at + PAUSE_S:
            work.close()
            raise ArchiveFault(self._fault.message)
        try:
            result = await work
        except ArchiveFault as fault:
            if self._fault is None:
                log.error("the broker fails: %s", _reason(fault))
            self._fault, self._failed_at = fault, loop.time()
            raise
        if self._fault is not None:
            log.warning("the broker works again")
            self._fault = None
            self._has_doubt.set()
        return result

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _pieces(names: list[str]) -> Iterator[list[str]]:
    return (names[start : start + PIECE] for start in range(0, len(names), PIECE))


def _reason(fault: ArchiveFault) -> str:
    """Return what went wrong for the hub's log, which may say more than its clients are told."""
    cause = fault.__cause__
    return fault.message if cause is None else f"{fault.message}: {type(cause).__name__}: {cause}"
