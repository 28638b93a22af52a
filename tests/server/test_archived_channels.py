"""A broker and an archive, asked together as several hubs do: real Redis, real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from rtwidgets.archive import SharedArchive, open_shared_archive
from rtwidgets.brokers import open_broker
from rtwidgets.brokers.redis import Keeping, RedisBroker
from rtwidgets.core.batch import START, ArchiveFault, Batch, Item, News, Place, Stored, Tail, Wanted
from rtwidgets.core.rules import KindName
from rtwidgets.server.archive_figures import ArchiveFigures
from rtwidgets.server.archived_channels import ArchivedChannels
from rtwidgets.server.attempts import Attempts

from ..archive.conftest import need_postgres, new_schema, postgres
from ..archive.postgres_server import PostgresServer
from ..brokers.conftest import need_redis, redis
from ..brokers.redis_server import RedisServer

__all__ = ["need_postgres", "need_redis", "postgres", "redis"]

KEEPING = Keeping(publications=100, seconds=300, bytes=1 << 20, ttl_s=3_600)
TAIL = Tail(size=100, since_ms=0, max_bytes=1 << 20, items=0)
EVERYTHING = Wanted(after=0, before=2**62, from_ms=0, to_ms=2**62, limit=1_000, max_bytes=0)
EVENT = "event:a"


class Node:
    """One hub's side of broker and archive, and where it stands in one channel."""

    count = 0

    def __init__(self, broker: RedisBroker, archive: SharedArchive, bound: int, channel: str) -> None:
        self.broker, self.archive, self.channel = broker, archive, channel
        self.kind: KindName = "event" if channel.startswith("event") else "table"
        attempts = [Attempts("broker"), Attempts("archive")]
        figures = ArchiveFigures()
        self.both = ArchivedChannels(broker, attempts[0], figures, archive, attempts[1], bound)
        self.last, self.place, self.epoch = "", START, ""

    async def enter(self, epoch: str = "e1", ended: str = "") -> Stored:
        stored = await self.both.enter(self.channel, self.kind, TAIL, epoch, ended, KEEPING)
        self.last, self.place, self.epoch = stored.last, stored.place, stored.epoch
        return stored

    def batch(self, *publications: bytes, **more: Any) -> Batch:
        Node.count += 1
        return Batch(
            id=f"b{Node.count}",
            channel=self.channel,
            kind=self.kind,
            epoch=self.epoch,
            before=self.place.offset,
            time_ms=1_000_000 + Node.count,
            publications=list(publications),
            changes=more.pop("changes", {}),
            producers=more.pop("producers", {}),
            after=self.last,
            part=0 if publications else self.place.part + 1,
        )

    def stand_behind(self, batch: Batch) -> None:
        self.last, self.place = batch.id, batch.place

    async def commit(self, *publications: bytes, **more: Any) -> Batch:
        batch = self.batch(*publications, **more)
        assert await self.both.commit([(batch, KEEPING)]) == [None]
        self.stand_behind(batch)
        return batch

    async def lose(self) -> None:
        """Let Redis lose everything."""
        await self.broker.client.execute([("FLUSHDB",)])

    async def kept(self) -> list[bytes]:
        return await self.archive.read(self.channel, EVERYTHING)

    async def stands(self) -> tuple[str, str]:
        return (await self.broker.stands([self.channel]))[0]


Start = Callable[..., Any]


@pytest.fixture
async def start(redis: RedisServer, postgres: PostgresServer, tmp_path: Any) -> AsyncIterator[Start]:
    address = new_schema(postgres, f"both_{tmp_path.name.lower()}")
    made: list[Node] = []

    async def make(channel: str = EVENT, bound: int = 0) -> Node:
        broker, archive = open_broker(redis.url.replace("/0", "/2")), open_shared_archive(address)
        await broker.open()
        await archive.open()
        if not made:
            await broker.client.execute([("FLUSHDB",)])
        made.append(Node(broker, archive, bound, channel))
        return made[-1]

    yield make
    for node in made:
        await node.broker.close()
        await node.archive.close()


async def test_batch_is_in_both_and_the_next_one_follows_on_it(start: Start) -> None:
    one, other = await start(), await start()
    assert (await one.enter()).place == (await other.enter("e2")).place == START
    assert other.epoch == "e1"
    first = await one.commit(b"1", b"2", producers={b"p": 3})
    (news,) = await other.both.commit([(other.batch(b"x"), KEEPING)])
    assert isinstance(news, News) and news.batches == [first]
    stored = await other.enter()
    assert stored.publications == [(first.time_ms, b"1"), (first.time_ms, b"2")]
    assert (stored.producers, stored.last, stored.place) == ({b"p": 3}, first.id, Place(2, 0))
    await other.commit(b"3")
    assert await one.kept() == [b"1", b"2", b"3"]


async def test_what_the_archive_lacks_is_written_by_who_notices_before_it_is_told(start: Start) -> None:
    one, other = await start(), await start()
    await one.enter()
    await other.enter()
    await one.commit(b"1")
    # A hub that ends between the one commit and the other.
    left = one.batch(b"2", producers={b"p": 1})
    assert await one.broker.commit([(left, KEEPING)], tells=False) == [None]
    assert await one.kept() == [b"1"]
    news = await other.both.news(EVENT, START)
    assert news.batches[-1] == left and await one.kept() == [b"1", b"2"]
    again = one.batch(b"3")
    one.stand_behind(left)
    left = one.batch(b"3")
    assert await one.broker.commit([(left, KEEPING)], tells=False) == [None]
    # Who commits hears of it, and who loads the channel does.
    (news,) = await other.both.commit([(again, KEEPING)])
    assert isinstance(news, News) and news.batches[-1] == left
    assert await one.kept() == [b"1", b"2", b"3"]
    # It is written once, however often and whoever.
    assert await one.archive.commit([left], 0) == [None] == await other.archive.commit([left], 0)
    one.stand_behind(left)
    await one.commit(b"4")
    assert await other.archive.commit([left], 0) == [None]
    assert await one.kept() == [b"1", b"2", b"3", b"4"]


async def test_archive_that_is_away_refuses_what_the_broker_took_and_has_it_later(start: Start) -> None:
    one, other = await start(), await start()
    await one.enter()
    await other.enter()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    listener = one.broker.listener("node", heard.put_nowait)
    back = asyncio.Event()
    listener.on_back = back.set
    task = asyncio.create_task(listener.run())
    await back.wait()
    await listener.join(EVENT)
    away = ArchiveFault("away", in_doubt=True)

    async def fail(*arguments: Any) -> list[ArchiveFault | None]:
        raise away

    commit, one.archive.commit = one.archive.commit, fail
    left = one.batch(b"1")
    assert await one.both.commit([(left, KEEPING)]) == [away]
    # Now that it is known to fail the broker is not asked any more.
    (fault,) = await one.both.commit([(one.batch(b"2"), KEEPING)])
    assert isinstance(fault, ArchiveFault) and await one.stands() == ("e1", left.id)
    with pytest.raises(ArchiveFault):
        await one.both.news(EVENT, START)
    assert heard.empty() and await one.kept() == []
    one.archive.commit = commit
    assert (await other.both.news(EVENT, START)).batches == [left]
    other.stand_behind(left)
    await other.commit(b"2")
    assert b"event:a" in await asyncio.wait_for(heard.get(), 5) and await one.kept() == [b"1", b"2"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_broker_that_lost_everything_is_set_to_where_the_archive_stands(start: Start) -> None:
    one, other = await start("table:t"), await start("table:t")
    await one.enter()
    await one.commit(b"1", b"2", changes={b"a": Item(1, b"A")}, producers={b"p": 9})
    # Without publications: its place is its part.
    last = await one.commit(changes={b"": Item(0, b"{}")})
    await one.lose()
    assert await one.both.commit([(one.batch(b"3"), KEEPING)]) == [News("")]
    # Both at once, and each with another epoch for a channel that is new.
    found = await asyncio.gather(one.enter("e2", "e1"), other.enter("e3", "e1"))
    assert found[0] == found[1]
    assert (found[0].epoch, found[0].last, found[0].place) == ("e1", last.id, Place(2, 1))
    assert found[0].producers == {b"p": 9} and len(found[0].publications) == 2
    pieces = [piece async for piece in other.both.items("table:t", TAIL)]
    assert pieces == [{b"": Item(0, b"{}"), b"a": Item(1, b"A")}]
    assert await one.both.news("table:t", Place(2, 0)) == News("e1", last.id, Place(2, 1))
    third = await one.commit(b"3")
    assert (await other.both.news("table:t", other.place)).batches == [third]
    assert await other.kept() == [b"1", b"2", b"3"]


async def test_broker_that_went_back_makes_no_second_past(start: Start) -> None:
    one, other = await start(), await start()
    await one.enter()
    first = await one.commit(b"1")
    stored = await other.enter()
    second = await one.commit(b"2")
    # As from a snapshot, and somebody who has not seen more goes on there.
    await one.broker.restore(EVENT, ("e1", second.id), stored, KEEPING)
    assert (other.last, other.place) == (first.id, Place(1, 0))
    assert await other.both.commit([(other.batch(b"other"), KEEPING)]) == [News("")]
    assert (await one.both.news(EVENT, START)) == News("")
    stored = await other.enter("e9", "e1")
    assert (stored.epoch, stored.last, stored.place) == ("e1", second.id, Place(2, 0))
    await other.commit(b"3")
    assert await one.kept() == [b"1", b"2", b"3"]


async def test_archive_that_was_set_back_gets_again_what_the_broker_has(start: Start) -> None:
    one, other = await start(), await start()
    await one.enter()
    await one.commit(b"1")
    before = await other.enter()
    for number in range(2, 62):
        await one.commit(b"%d" % number)
    (kept,) = await one.archive.survey(0)
    await one.archive.trim(kept.id, 100, items=False)
    await one.archive.forget(kept.id)
    await one.archive.adopt(EVENT, before, {})
    assert await one.kept() == [b"1"]
    assert (await other.enter()).epoch == "e1"
    assert await one.kept() == [b"%d" % number for number in range(1, 62)]
    await one.commit(b"62")


async def test_restoring_changes_nothing_that_has_moved_on(start: Start) -> None:
    node = await start()
    await node.enter()
    first = await node.commit(b"1")
    before = await node.enter()
    second = await node.commit(b"2")
    for seen in (("", ""), ("e1", first.id), ("e2", second.id)):
        await node.broker.restore(EVENT, seen, before, KEEPING)
        assert await node.stands() == ("e1", second.id)


async def test_channel_that_only_the_broker_had_is_taken_over(start: Start) -> None:
    node = await start("table:t")
    await node.enter()
    for batch in (
        node.batch(b"1", changes={b"a": Item(1, b"A")}, producers={b"p": 1}),
        node.batch(b"2", changes={b"b": Item(2, b"B")}),
    ):
        batch.after, batch.before = node.last, node.place.offset
        keeping = Keeping(publications=1, seconds=300, bytes=1 << 20, ttl_s=3_600)
        assert await node.broker.commit([(batch, keeping)]) == [None]
        node.stand_behind(batch)
    stored = await node.enter("e2")
    assert (stored.epoch, stored.top, stored.last) == ("e1", 2, node.last)
    # As much as the broker still has.
    assert stored.publications == [(batch.time_ms, b"2")] and stored.producers == {b"p": 1}
    pieces = [piece async for piece in node.both.items("table:t", TAIL)]
    assert pieces == [{b"a": Item(1, b"A"), b"b": Item(2, b"B")}]
    await node.commit(b"3")
    assert await node.kept() == [b"2", b"3"]


async def test_channels_beyond_the_bound_are_refused_before_the_broker_has_them(start: Start) -> None:
    one, two = await start("event:1", 1), await start("event:2", 1)
    await one.enter()
    await two.enter()
    await one.commit(b"1")
    fault, kept = await two.both.commit([(two.batch(b"2"), KEEPING), (one.batch(b"2"), KEEPING)])
    assert isinstance(fault, ArchiveFault) and fault.limit == "archive_channels" and kept is None
    assert await two.stands() == ("e1", "")


async def test_empty_channel_is_forgotten_when_the_broker_does_not_know_it(start: Start) -> None:
    node = await start()
    await node.enter()
    await node.commit(b"1")
    (kept,) = await node.archive.survey(0)
    await node.archive.trim(kept.id, 2, items=False)
    await node.both.forget([kept])
    assert len(await node.archive.survey(0)) == 1
    await node.lose()
    await node.both.forget([kept])
    assert await node.archive.survey(0) == []
    assert (await node.enter("e2")).epoch == "e2"


async def test_hubs_that_write_at_once_leave_no_holes(start: Start) -> None:
    nodes = [await start() for _ in range(3)]
    sent: list[bytes] = []

    async def write(node: Node, number: int) -> None:
        await node.enter()
        for count in range(20):
            data = b"%d-%d" % (number, count)
            while True:
                batch = node.batch(data)
                (outcome,) = await node.both.commit([(batch, KEEPING)])
                if outcome is None:
                    break
                assert isinstance(outcome, News), outcome
                await node.enter()
            node.stand_behind(batch)
            sent.append(data)

    await asyncio.gather(*(write(node, number) for number, node in enumerate(nodes)))
    kept = await nodes[0].kept()
    assert sorted(kept) == sorted(sent) and len(kept) == 60
    (survey,) = await nodes[0].archive.survey(0)
    assert survey.top == 60
