"""The broker on a real Redis, without a hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from rtwidgets.brokers import open_broker
from rtwidgets.brokers.redis import Keeping, RedisBroker
from rtwidgets.core.batch import START, ArchiveFault, Batch, Item, News, Place, Stored, Tail
from rtwidgets.core.kinds.chat import MAX_MESSAGES
from rtwidgets.errors import ConfigError
from rtwidgets.server.attempts import reason_of

from .redis_server import RedisServer

KEEPING = Keeping(publications=100, seconds=300, bytes=1 << 20, ttl_s=3_600)
TAIL = Tail(size=100, since_ms=0, max_bytes=1 << 20, items=0)


@pytest.fixture
async def broker(redis: RedisServer) -> AsyncIterator[RedisBroker]:
    # Not the database of the hubs that other tests share.
    broker = open_broker(redis.url.replace("/0", "/1"))
    await broker.open()
    await broker.client.execute([("FLUSHDB",)])
    yield broker
    await broker.close()


@pytest.fixture(scope="module")
def locked(need_redis: None) -> Iterator[RedisServer]:
    """A server with a password, and a user who may read only."""
    with RedisServer() as server:
        server.ask("ACL", "SETUSER", "reader", "on", ">hush", "~*", "+@read", "+info")
        server.ask("CONFIG", "SET", "requirepass", "hush")
        yield server


class Writer:
    """Makes batches that follow on one another."""

    def __init__(self, broker: RedisBroker, channel: str = "event:a", keeping: Keeping = KEEPING) -> None:
        self.broker, self.channel, self.keeping = broker, channel, keeping
        self.last, self.place, self.epoch, self.count = "", START, "", 0

    async def enter(self, epoch: str = "e1", ended: str = "") -> Stored:
        kind: Any = self.channel.partition(":")[0]
        stored = await self.broker.enter(self.channel, kind, TAIL, epoch, ended, self.keeping)
        self.last, self.place, self.epoch = stored.last, stored.place, stored.epoch
        return stored

    def batch(self, *publications: bytes, **more: Any) -> Batch:
        self.count += 1
        kind: Any = self.channel.partition(":")[0]
        batch = Batch(
            id=f"{id(self)}-{self.count}",
            channel=self.channel,
            kind=kind,
            epoch=self.epoch,
            before=self.place.offset,
            time_ms=more.pop("time_ms", 1_000_000 + self.count),
            publications=list(publications),
            changes=more.pop("changes", {}),
            producers=more.pop("producers", {}),
            erased=more.pop("erased", {}),
            after=self.last,
            part=0 if publications else self.place.part + 1,
        )
        assert not more
        return batch

    async def commit(self, *publications: bytes, **more: Any) -> Batch:
        batch = self.batch(*publications, **more)
        assert await self.broker.commit([(batch, self.keeping)]) == [None]
        self.last, self.place = batch.id, batch.place
        return batch


async def test_batch_is_kept_only_behind_the_one_it_was_made_for(broker: RedisBroker) -> None:
    one, other = Writer(broker), Writer(broker)
    await one.enter()
    await other.enter("e2")
    assert other.epoch == "e1"
    first = await one.commit(b"1", b"2")
    (news,) = await broker.commit([(other.batch(b"3"), KEEPING)])
    assert isinstance(news, News)
    assert (news.epoch, news.last, news.place, news.batches) == ("e1", first.id, Place(2, 0), [first])
    other.last, other.place = first.id, first.place
    await other.commit(b"3")
    assert (await broker.news("event:a", Place(2, 0))).batches[0] == first


async def test_batches_without_publications_have_places_of_their_own(broker: RedisBroker) -> None:
    writer = Writer(broker, "table:t")
    await writer.enter()
    heading = await writer.commit(changes={b"": Item(0, b"{}")})
    more = await writer.commit(changes={b"1": Item(1, b"{}")})
    assert [batch.place for batch in (heading, more)] == [(0, 1), (0, 2)]
    await writer.commit(b"x")
    assert [batch.place for batch in (await broker.news("table:t", START)).batches] == [
        (0, 1),
        (0, 2),
        (1, 0),
    ]


async def test_channel_is_loaded_as_it_was_committed(broker: RedisBroker) -> None:
    writer = Writer(broker, "table:t")
    await writer.enter()
    await writer.commit(b"1", changes={b"a": Item(1, b"A"), b"b": Item(2, b"B")}, producers={b"p": 7})
    await writer.commit(b"2", changes={b"a": None, b"c": Item(3, b"C C")}, producers={b"q": 1, b"p": 8})
    stored = await writer.enter("e9")
    assert stored == Stored(
        "table", "e1", 2, [(1_000_001, b"1"), (1_000_002, b"2")], {b"p": 8, b"q": 1}, writer.last, Place(2, 0)
    )
    assert [piece async for piece in broker.items("table:t")] == [
        {b"b": Item(2, b"B"), b"c": Item(3, b"C C")}
    ]


async def test_history_is_bounded_by_number_age_and_size(broker: RedisBroker) -> None:
    async def kept(**bounds: Any) -> list[int]:
        name = f"event:{bounds}"
        keeping = Keeping(**{"publications": 100, "seconds": 300, "bytes": 1 << 20, "ttl_s": 60, **bounds})
        writer = Writer(broker, name, keeping)
        await writer.enter()
        sizes = f"rtwidgets:{{c:{name}}}:sizes"
        for number in range(10):
            # By the clock of a hub that is wrong; then Redis' own as if the next came a second later.
            await writer.commit(b"x" * 1_000, time_ms=10_000_000_000_000 * (number % 2))
            for at in range(int((await broker.ask([("LLEN", sizes)]))[0])):
                ((entry,),) = [await broker.ask([("LINDEX", sizes, at)])]
                place, size, time_ms = entry.split()
                await broker.ask([("LSET", sizes, at, b"%b %b %d" % (place, size, int(time_ms) - 1_000))])
        return [batch.last for batch in (await broker.news(name, START)).batches]

    assert await kept() == list(range(1, 11))
    assert await kept(publications=3) == [8, 9, 10]
    assert await kept(seconds=4.5) == [6, 7, 8, 9, 10]
    assert await kept(bytes=5_000) == [7, 8, 9, 10]
    assert await kept(bytes=1) == [10]


async def test_chat_keeps_its_newest_messages_only(broker: RedisBroker) -> None:
    writer = Writer(broker, "chat:c")
    await writer.enter()
    await writer.commit(b"x", changes={b"m%d" % n: Item(n, b"") for n in range(MAX_MESSAGES)})
    await writer.commit(b"x", changes={b"new": Item(MAX_MESSAGES, b""), b"m5": None})
    await writer.commit(b"x", changes={b"newer": Item(MAX_MESSAGES + 1, b"")})
    (piece,) = [piece async for piece in broker.items("chat:c")]
    assert len(piece) == MAX_MESSAGES and list(piece)[:2] == [b"m1", b"m2"] and list(piece)[-1] == b"newer"


async def test_a_message_of_an_id_that_was_used_is_another_one_and_leaves_the_first_as_it_is(
    broker: RedisBroker,
) -> None:
    writer = Writer(broker, "chat:again")
    await writer.enter()
    await writer.commit(b"x", changes={b"a": Item(1, b"of ann")})
    await writer.commit(b"x", changes={b"a": Item(2, b"of mallory")})
    await writer.commit(b"x", changes={b"a": None}, erased={"a": 2})
    assert [piece async for piece in broker.items("chat:again")] == [{b"a": Item(1, b"of ann")}]
    await writer.commit(b"x", changes={b"a": Item(1, b"of ann, better")})
    assert [piece async for piece in broker.items("chat:again")] == [{b"a": Item(1, b"of ann, better")}]
    await writer.commit(b"x", changes={b"a": None}, erased={"a": 1})
    assert [piece async for piece in broker.items("chat:again")] == []


async def test_producers_that_came_first_are_forgotten_first(broker: RedisBroker) -> None:
    writer = Writer(broker)
    await writer.enter()
    await writer.commit(b"x", producers={b"old": 1})
    await writer.commit(b"x", producers={b"%d" % n: n for n in range(1_000)})
    stored = await writer.enter()
    assert len(stored.producers) == 1_000 and b"old" not in stored.producers


async def test_everything_of_a_channel_expires(broker: RedisBroker) -> None:
    writer = Writer(broker, "chat:c")
    await writer.enter()
    await writer.commit(b"x", changes={b"m": Item(1, b"")}, producers={b"p": 1})
    (names,) = await broker.client.execute([("KEYS", "*")])
    assert len(names) == 7
    for name in names:
        (left_ms,) = await broker.client.execute([("PTTL", name)])
        assert 3_500_000 < left_ms <= 3_600_000
    await broker.client.execute([("PEXPIRE", name, 1_000) for name in names])
    await broker.touch([("chat:c", KEEPING)])
    assert min(await broker.client.execute([("PTTL", name) for name in names])) > 3_500_000


async def test_epoch_ends_once(broker: RedisBroker) -> None:
    one, other = Writer(broker), Writer(broker)
    await one.enter("e1")
    assert (await one.enter("e2", ended="e1")).epoch == "e2"
    assert (await other.enter("e3", ended="e1")).epoch == "e2"
    assert await broker.stands(["event:a", "event:none"]) == [("e2", ""), ("", "")]


async def test_a_deleted_message_is_erased_in_the_step_that_deletes_it(broker: RedisBroker) -> None:
    writer = Writer(broker, "chat:a")
    await writer.enter()
    head = b'{"data":{"type":"message","id":'
    before = await writer.commit(head + b'"a","text":"stays"},"offset":1}', changes={b"a": Item(1, b"stays")})
    said = await writer.commit(head + b'"b","text":"secret"},"offset":2}', changes={b"b": Item(2, b"secret")})
    more = await writer.commit(changes={b"b": Item(2, b"secret")})
    gone = b'{"data":{"type":"delete","id":"b"},"offset":%d}'
    last = await writer.commit(gone % 3, changes={b"b": None}, erased={"b": 2})
    news = await broker.news("chat:a", START)
    said.publications, said.changes, more.changes = [gone % 2], {b"b": None}, {b"b": None}
    assert news.batches == [before, said, more, last]
    names = await broker.ask([("KEYS", "*chat:a*")])
    assert names
    dumps = await broker.ask([("DUMP", name) for name in names[0]])
    assert b"secret" not in b"".join(dumps) and b"stays" in b"".join(dumps)
    assert await broker.ask([("PTTL", name) for name in names[0]]) > [0] * len(names[0])
    # It goes on behind it.
    await writer.commit(b"5")
    assert (await writer.enter()).top == 4


async def test_channel_that_was_lost_is_no_place_to_commit_to(broker: RedisBroker) -> None:
    writer = Writer(broker)
    await writer.enter()
    await writer.commit(b"x")
    await broker.client.execute([("FLUSHDB",)])
    assert await broker.commit([(writer.batch(b"y"), KEEPING)]) == [News("")]
    assert await broker.news("event:a", START) == News("")


async def test_scripts_that_the_server_has_forgotten_are_sent_again(broker: RedisBroker) -> None:
    writer = Writer(broker)
    await writer.enter()
    await broker.client.execute([("SCRIPT", "FLUSH")])
    await writer.commit(b"x")


async def test_committed_batch_is_heard(broker: RedisBroker) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    listener = broker.listener("node", heard.put_nowait)
    back = asyncio.Event()
    listener.on_back = back.set
    task = asyncio.create_task(listener.run())
    await back.wait()
    await listener.join("event:a")
    writer = Writer(broker)
    await writer.enter()
    await writer.commit(b"x")
    assert b"event:a" in await asyncio.wait_for(heard.get(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_listening_goes_on_whatever_happens(
    broker: RedisBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connect, calls = broker.client.connection, 0

    async def connection() -> Any:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise RuntimeError("who would have thought")
        return await connect()

    monkeypatch.setattr(broker.client, "connection", connection)
    listener = broker.listener("node", lambda message: None)
    back = asyncio.Event()
    listener.on_back = back.set
    task = asyncio.create_task(listener.run())
    await asyncio.wait_for(back.wait(), 5)
    assert caplog.text.count("nobody has thought of") == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_server_that_is_away_is_a_fault(broker: RedisBroker) -> None:
    away = open_broker("redis://127.0.0.1:1/0")
    with pytest.raises(ArchiveFault, match="can't be reached"):
        await away.open()
    await away.close()
    with pytest.raises(ArchiveFault, match="can't do it"):
        await broker.ask([("HGET",)])


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("rabbit://:secret@host", "hub.broker begins with 'rabbit'"),
        ("redis://", "hub.broker begins with"),
        ("redis+sentinel://host", "needs the service"),
        ("redis+cluster://host:x", "no address of Redis"),
        ("redis://host:port", "no address of Redis"),
        ("redis://:secret@host/abc", "the database is a number, such as /0, and not 'abc'"),
        ("redis+sentinel://:secret@host/main/abc", "the database is a number"),
        ("redis+cluster://:secret@host/1", "a cluster has no databases"),
    ],
)
def test_address_that_is_none_is_refused_without_showing_it(address: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        open_broker(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("redis://ann:secret@{}", "invalid username-password pair"),
        ("redis://{}", "Authentication required"),
        ("redis://reader:hush@{}", "no permissions"),
        ("redis://:hush@{}/77", "DB index is out of range"),
        ("redis+cluster://:hush@{}", "cluster support disabled"),
        ("redis+cluster://ann:secret@{}", "invalid username-password pair"),
    ],
)
async def test_settings_that_redis_refuses_are_refused_at_the_start_only(
    locked: RedisServer, address: str, says: str
) -> None:
    broker = open_broker(address.format(f"127.0.0.1:{locked.port}"))
    with pytest.raises(ConfigError, match=rf"hub\.broker can't be used: .*{says}") as caught:
        await broker.open()
    assert "secret" not in str(caught.value) and "hush" not in str(caught.value)
    with pytest.raises(ArchiveFault, match=r"can't (be reached|do it) now"):
        await broker.identity("x")
    await broker.close()


async def test_reason_is_short_where_no_sentinel_knows_a_master(need_redis: None) -> None:
    with RedisServer() as server, RedisServer(sentinel_of=server.port) as sentinel:
        # Of one that is away the library says all it knows, objects of its own included.
        broker = open_broker(f"redis+sentinel://127.0.0.1:{sentinel.port},127.0.0.1:1/other")
        with pytest.raises(ArchiveFault) as caught:
            await broker.open()
        assert reason_of(caught.value) == (
            "the broker can't be reached now: MasterNotFoundError: No master found for 'other'"
        )
        await broker.close()


async def test_full_server_refuses_a_batch_as_a_whole(need_redis: None) -> None:
    with RedisServer(options={"maxmemory": "3mb", "maxmemory-policy": "noeviction"}) as server:
        broker = open_broker(server.url)
        await broker.open()
        writer = Writer(broker, keeping=Keeping(publications=10_000, seconds=300, bytes=1 << 30, ttl_s=60))
        await writer.enter()
        fault = None
        for _ in range(100):
            batch = writer.batch(b"x" * 100_000)
            (fault,) = await broker.commit([(batch, writer.keeping)])
            if fault is not None:
                break
            writer.last, writer.place = batch.id, batch.place
        assert isinstance(fault, ArchiveFault) and not fault.limit
        assert await broker.stands(["event:a"]) == [("e1", writer.last)]
        assert (await broker.news("event:a", writer.place)).batches[-1].id == writer.last
        server.ask("CONFIG", "SET", "maxmemory", "100mb")
        await writer.commit(b"y")
        await broker.close()
