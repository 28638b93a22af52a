"""Two hubs share a broker and an archive; whatever fails, and however much the broker loses, nothing is lost.

The hubs' cores and what joins broker and archive are the real ones. Every step of theirs there is one of
the test's: others come in between, it fails with or without having been done, or its hub ends at it.
"""

from __future__ import annotations

import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Sequence
from copy import deepcopy
from functools import partial
from random import Random
from typing import Any, TypeVar

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rtwidgets.archive.base import OtherPublications
from rtwidgets.brokers.redis import Keeping
from rtwidgets.core import Hub
from rtwidgets.core.batch import ArchiveFault, Batch, Changes, News, Place, Stored, Tail, read_mark
from rtwidgets.core.rules import KindName
from rtwidgets.server.archive_figures import ArchiveFigures
from rtwidgets.server.archived_channels import ArchivedChannels

from ..core.model_archive import KeptChannel, ModelArchive
from ..core.model_broker import ModelBroker, Port, SharedChannel
from ..core.peers import make_hub
from ..core.test_archiving import NAMES
from ..core.test_archiving_property import CHANNELS, EVENTS, VALUE
from ..core.test_sharing_property import World, check_all_the_same

T = TypeVar("T")
KEEPING = Keeping(publications=100, seconds=300, bytes=1 << 20, ttl_s=3_600)


@types.coroutine
def turn() -> Generator[None, ArchiveFault | None, ArchiveFault | None]:
    """Let others go first; return what goes wrong."""
    return (yield)


async def do(act: Callable[[], T]) -> T:
    fault = await turn()
    if fault is not None and not fault.in_doubt:
        raise fault
    result = act()
    if fault is not None:
        raise fault
    return result


class Attempts:
    def check(self) -> None:
        pass

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        return await work

    do_in_turn = do


class Broker:
    """What a hub asks of Redis."""

    def __init__(self, model: ModelBroker) -> None:
        self.model = model

    async def commit(self, pairs: Sequence[tuple[Batch, Keeping]], *, tells: bool) -> list[News | None]:
        return await do(lambda: [self.model.commit(batch, tells=tells) for batch, _ in pairs])

    async def enter(
        self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str, keeping: Keeping
    ) -> Stored:
        def act() -> Stored:
            kept = self.model.channels.setdefault(channel, SharedChannel(kind, epoch))
            if kept.epoch == ended:
                kept.epoch = epoch
            lines = [(batch.time_ms, line) for batch in kept.batches for line in batch.publications]
            top = kept.place.offset
            return Stored(kept.kind, kept.epoch, top, lines, dict(kept.producers), kept.last, kept.place)

        return await do(act)

    async def items(self, channel: str) -> AsyncIterator[Changes]:
        yield await do(lambda: dict(self.model.channels[channel].items))

    async def news(self, channel: str, place: Place) -> News:
        def act() -> News:
            news = self.model.news(channel, place)
            if news.epoch:
                behind = [batch for batch in self.model.channels[channel].batches if batch.place >= place]
                news.batches = deepcopy(behind[:3])
            return news

        return await do(act)

    async def stands(self, channels: Sequence[str]) -> list[tuple[str, str]]:
        return await do(lambda: [self.stand(name) for name in channels])

    async def restore(self, channel: str, seen: tuple[str, str], stored: Stored, keeping: Keeping) -> None:
        def act() -> None:
            if self.stand(channel) == seen:
                where = (stored.kind, stored.epoch, stored.last, stored.place)
                self.model.channels[channel] = SharedChannel(*where)

        await do(act)

    async def tell_of(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            await do(partial(self.model.tell, batch))

    def stand(self, channel: str) -> tuple[str, str]:
        kept = self.model.channels.get(channel)
        return ("", "") if kept is None else (kept.epoch, kept.last)


class Archive:
    """What a hub asks of PostgreSQL."""

    def __init__(self, model: ModelArchive) -> None:
        self.model = model

    async def commit(self, batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
        return await do(lambda: [self._keep(batch) for batch in batches])

    async def load(self, channel: str, tail: Tail) -> Stored | None:
        def act() -> Stored | None:
            kept = self.model.channels.get(channel)
            if kept is None:
                return None
            last, place = read_mark(kept.batch, kept.top)
            lines = kept.publications[-tail.size :]
            return Stored(kept.kind, kept.epoch, kept.top, lines, dict(kept.producers), last, place)

        return await do(act)

    async def items(self, channel: str, newest: int) -> AsyncIterator[Changes]:
        kept = self.model.channels.get(channel, KeptChannel("", ""))
        keys = sorted(kept.items, key=lambda key: kept.items[key].rank)
        for start in range(0, len(keys), 2):
            piece = keys[start : start + 2]
            yield await do(lambda: {key: kept.items[key] for key in piece if key in kept.items})  # noqa: B023

    async def adopt(self, channel: str, stored: Stored, items: Changes) -> None:
        def act() -> None:
            if channel not in self.model.channels:
                kept = KeptChannel(stored.kind, stored.epoch, stored.top, stored.last)
                kept.publications, kept.producers = list(stored.publications), dict(stored.producers)
                kept.items = {key: item for key, item in items.items() if item is not None}
                if stored.place.part:
                    kept.batch += f" {stored.place.part}"
                self.model.channels[channel] = kept

        await do(act)

    def _keep(self, batch: Batch) -> ArchiveFault | None:
        kept = self.model.channels.get(batch.channel)
        if kept is None and batch.before:
            return OtherPublications(batch.channel)
        if kept is not None and (kept.epoch, kept.batch) != (batch.epoch, batch.mark):
            after = read_mark(kept.batch, kept.top)[0]
            if (kept.epoch, kept.top, after) != (batch.epoch, batch.before, batch.after):
                lines = [line for _, line in kept.publications]
                is_there = (
                    batch.publications and lines[batch.last - 1 : batch.last] == batch.publications[-1:]
                )
                return None if is_there else OtherPublications(batch.channel)
        if kept is None or kept.batch != batch.mark:
            self.model.keep(deepcopy(batch))
            self.model.channels[batch.channel].batch = batch.mark
        return None


class BothPort(Port):
    """One hub's side of broker and archive; what is under way goes on by a step of some of it."""

    def __init__(self, broker: ModelBroker, archive: ModelArchive, hub: Hub, random: Random) -> None:
        super().__init__(broker, hub)
        self.random = random
        self.running: list[Coroutine[Any, Any, None]] = []
        attempts: Any = Attempts()
        figures = ArchiveFigures()
        sides: tuple[Any, Any] = Broker(broker), Archive(archive)
        self.both = ArchivedChannels(sides[0], attempts, figures, sides[1], attempts, 0)

    def enter(self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str) -> None:
        self._start(self._enter(channel, kind, tail, epoch, ended))

    def catch_up(self, channel: str, epoch: str, place: Place) -> None:
        self._start(self._catch_up(channel, Place(place.offset, 0)))

    def begin(self, now: float = 1.0) -> list[Batch]:
        batches = self.sharing.batches(now)
        if batches:
            self._start(self._commit(batches))
        return batches

    def end(self, fault: ArchiveFault | None = None, *, keep: bool | None = None, now: float = 1.0) -> None:
        if self.running:
            work = self.random.choice(self.running)
            try:
                work.send(fault)
            except StopIteration:
                self.running.remove(work)

    def answer_entering(self, fault: ArchiveFault | None = None, now: float = 1.0) -> None:
        self.end(fault)

    def answer_asked(self, fault: ArchiveFault | None = None, now: float = 1.0) -> None:
        self.end(fault)

    def work(self, now: float = 1.0) -> None:
        while self.begin(now) or self.running or self.hints:
            self.deliver(now=now)
            self.end(now=now)

    def stop(self) -> None:
        for work in self.running:
            work.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        work.send(None)
        self.running.append(work)

    async def _commit(self, batches: list[Batch]) -> None:
        outcomes = await self.both.commit([(batch, KEEPING) for batch in batches])
        for batch, outcome in zip(batches, outcomes, strict=True):
            self.sharing.committed(batch, outcome, 1.0)

    async def _enter(self, channel: str, kind: KindName, tail: Tail, epoch: str, ended: str) -> None:
        try:
            stored = await self.both.enter(channel, kind, tail, epoch, ended, KEEPING)
            async for piece in self.both.items(channel, tail):
                self.sharing.items(channel, piece, stored.top)
            news = await self.both.all_news(channel, stored)
        except ArchiveFault as fault:
            self.sharing.entered(channel, None, None, fault, 1.0)
        else:
            self.sharing.entered(channel, stored, news, None, 1.0)

    async def _catch_up(self, channel: str, place: Place) -> None:
        try:
            self.sharing.news(channel, await self.both.news(channel, place), 1.0)
        except ArchiveFault as fault:
            self.sharing.news(channel, fault, 1.0)


class BothWorld(World):
    def __init__(self, random: Random) -> None:
        self.random = random
        self.archive = ModelArchive()
        super().__init__()
        # From here on every channel is in the archive.
        self.producers[0].add(list(CHANNELS), 1)
        self.settle()
        self.epochs = {reader.channel: reader.epoch for reader in self.readers}

    def start(self) -> Port:
        hub = make_hub(broker=self.broker, archive=self.archive, namespaces=NAMES)
        port = BothPort(self.broker, self.archive, hub, self.random)
        self.broker.ports.append(port)
        return port

    def restart(self, which: int, *, commit_first: bool) -> None:
        old = self.ports[which]
        assert isinstance(old, BothPort)
        old.stop()
        super().restart(which, commit_first=False)

    def lose(self, random: Random) -> None:
        super().lose(random)
        self.has_lost = False


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_what_was_acknowledged_outlives_the_broker_under_the_same_positions(seed: int) -> None:
    random = Random(seed)
    world = BothWorld(random)
    for _ in range(250):
        world.step(random)
        world.lose(random)
    check_all_the_same(world)
    # Who comes from a hub that was further may be told so, but the channel is the same one, and under one
    # position everybody is shown the same, at any time.
    assert {reader.channel: reader.epoch for reader in world.readers} == world.epochs
    for channel in (EVENTS, VALUE):
        kept = [msgspec.json.decode(line)["data"] for _, line in world.archive.channels[channel].publications]
        for producer in world.producers:
            sent = [item for name, item in producer.acknowledged if name == channel]
            assert [item for item in kept if item in sent] == sent
        assert len(kept) == sum(
            name == channel for producer in world.producers for name, _ in producer.acknowledged
        )
