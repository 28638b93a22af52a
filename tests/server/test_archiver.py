"""What drives the archive: one commit for all, loads beside it, failures that end, old things that go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rtwidgets.archive import Kept
from rtwidgets.archive.sqlite import SqliteArchive
from rtwidgets.core import Hub, HubRules, Limits, Namespace
from rtwidgets.core.batch import ArchiveFault, Batch, Stored, Tail
from rtwidgets.core.tokens import Tokens
from rtwidgets.server.archive_cleaner import Cleaner
from rtwidgets.server.archiver import Archiver

from ..core.peers import SECRET, Peer, publications

EVENT = Namespace("event", history_size=1_000, recover=True, archive=True)


class Slow(SqliteArchive):
    """An archive whose work a test can hold up or let fail."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.may_commit = asyncio.Event()
        self.may_load = asyncio.Event()
        self.may_commit.set()
        self.may_load.set()
        self.commits: list[list[str]] = []
        self.loading = self.most_loading = 0
        self.fault: ArchiveFault | None = None

    async def commit(self, batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
        self.commits.append([batch.channel for batch in batches])
        await self.may_commit.wait()
        if self.fault is not None:
            raise self.fault
        return await super().commit(batches, max_channels)

    async def load(self, channel: str, tail: Tail) -> Stored | None:
        self.loading += 1
        self.most_loading = max(self.most_loading, self.loading)
        try:
            await self.may_load.wait()
            if self.fault is not None:
                raise self.fault
            return await super().load(channel, tail)
        finally:
            self.loading -= 1


class Driven:
    """A hub, its archive and what drives it, in the test's own loop."""

    def __init__(self, path: Path, limits: Limits, namespaces: dict[str, Namespace]) -> None:
        self.clock = 1_000.0
        self.archive = Slow(str(path))
        rules = HubRules(namespaces=namespaces, limits=limits, archive=True)
        ids = iter(range(1, 1_000_000))
        self.hub = Hub(
            rules,
            Tokens(SECRET),
            hub_id="hub",
            version="1",
            make_id=lambda: f"{next(ids):08d}{id(self)}",
            now=self.clock,
        )
        self.archiver = Archiver(self.archive, self.hub, lambda: self.clock)
        self.cleaner = Cleaner(self.archiver, self.hub, lambda: self.clock)
        self.peer = Peer(self.hub).connect()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.archiver.open()
        self._task = asyncio.create_task(self.archiver.run())

    async def close(self) -> None:
        assert self._task is not None
        await self.archiver.flush(5)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.archiver.close()

    def publish(self, channel: str, *data: Any, peer: Peer | None = None) -> None:
        for item in data:
            (peer or self.peer).send({"id": 7, "publish": {"channel": channel, "data": item}})

    async def publish_all(self, channel: str, *data: Any) -> None:
        self.publish(channel, *data)
        await self.archiver.flush(5)

    async def kept(self) -> dict[str, Kept]:
        return {kept.name: kept for kept in await self.archive.survey(0)}

    async def eventually(self, what: Callable[[], object]) -> None:
        for _ in range(1_000):
            if what():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it does not happen")


Drive = Callable[..., Any]


@pytest.fixture
async def drive(tmp_path: Path) -> AsyncIterator[Drive]:
    made: list[Driven] = []

    async def make(limits: Limits | None = None, **namespaces: Namespace) -> Driven:
        for driven in made:
            await driven.close()
        made[:] = [Driven(tmp_path / "hub.db", limits or Limits(), namespaces or {"event": EVENT})]
        await made[0].start()
        return made[0]

    yield make
    for driven in made:
        await driven.close()


async def test_what_comes_during_a_commit_goes_into_the_next_one_together(drive: Drive) -> None:
    driven: Driven = await drive()
    for name in "abc":
        await driven.publish_all(f"event:{name}", 0)
    driven.archive.commits.clear()
    driven.archive.may_commit.clear()
    driven.publish("event:a", 1)
    await driven.eventually(lambda: driven.archive.commits)
    driven.publish("event:a", 2, 3)
    driven.publish("event:b", 1)
    driven.publish("event:c", 1)
    assert driven.peer.messages()[3:] == []
    driven.archive.may_commit.set()
    await driven.archiver.flush(5)
    assert driven.archive.commits == [["event:a"], ["event:b", "event:c", "event:a"]] or (
        [sorted(names) for names in driven.archive.commits]
        == [["event:a"], ["event:a", "event:b", "event:c"]]
    )
    assert len(driven.peer.messages()) == 5


async def test_load_that_takes_long_holds_up_no_other_channel(drive: Drive) -> None:
    driven: Driven = await drive()
    await driven.publish_all("event:known", 1)
    driven.archive.may_load.clear()
    driven.publish("event:slow", 1)
    await driven.eventually(lambda: driven.archive.loading)
    assert len(driven.peer.messages()) == 1
    driven.publish("event:known", 2)
    await driven.eventually(lambda: driven.peer.connection.has_output)
    assert len(driven.peer.messages()) == 1
    driven.archive.may_load.set()
    await driven.archiver.flush(5)
    assert len(driven.peer.messages()) == 1


async def test_only_a_few_channels_are_loaded_at_a_time(drive: Drive) -> None:
    driven: Driven = await drive()
    driven.archive.may_load.clear()
    for number in range(30):
        driven.publish(f"event:{number}", 1)
    await driven.eventually(lambda: driven.archive.loading == 4)
    driven.archive.may_load.set()
    await driven.archiver.flush(5)
    assert driven.archive.most_loading == 4 and len(driven.peer.messages()) == 30


async def test_failure_is_said_at_once_logged_once_and_ends(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    driven: Driven = await drive()
    await driven.publish_all("event:a", 1)
    driven.peer.messages()
    driven.archive.fault = ArchiveFault("the archive is full")
    for _ in range(5):
        await driven.publish_all("event:a", 2)
    errors = [message["error"] for message in driven.peer.messages()]
    assert errors == [{"code": 100, "message": "the archive is full", "temporary": True}] * 5
    # After the first one nobody had to wait for another attempt.
    assert len(driven.archive.commits) == 2
    driven.archive.fault = None
    await asyncio.sleep(0.6)
    await driven.publish_all("event:a", 3)
    assert driven.peer.messages() == [{"id": 7, "publish": {}}]
    assert [record.message for record in caplog.records] == [
        "the archive fails: the archive is full",
        "the archive works again",
    ]


async def test_fault_that_nobody_thought_of_ends_nothing(drive: Drive) -> None:
    driven: Driven = await drive()
    await driven.publish_all("event:a", 1)
    driven.peer.messages()

    async def broken(batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
        raise RuntimeError("a fault of ours")

    real, driven.archive.commit = driven.archive.commit, broken  # type: ignore[method-assign]
    await driven.publish_all("event:a", 2)
    assert driven.peer.messages()[0]["error"]["message"] == "the archive can't be used now"
    driven.archive.commit = real  # type: ignore[method-assign]
    await asyncio.sleep(0.6)
    await driven.publish_all("event:a", 3)
    assert driven.peer.messages() == [{"id": 7, "publish": {}}]


async def test_channel_of_another_kind_and_state_that_can_not_be_read_are_said(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    driven: Driven = await drive(
        event=EVENT, table=Namespace("table", history_size=9, recover=True, archive=True)
    )
    await driven.publish_all("event:a", 1)
    driven = await drive(event=Namespace("stream", history_size=9, recover=True, archive=True))
    await driven.publish_all("event:a", {"x": [1]})
    error = driven.peer.messages()[0]["error"]
    assert (
        error["code"] == 108
        and "has 'event:a' as 'event', and its namespace is of kind 'stream' now" in (error["message"])
    )
    await driven.archive._writer.run(
        lambda file: [
            file._run("INSERT INTO channel VALUES (77, 'table:t', 'table', 'ep', 1, 'b', 1)"),
            file._run("INSERT INTO item VALUES (77, x'', 0, 'no heading')"),
        ]
    )
    await asyncio.sleep(0.6)
    driven = await drive(table=Namespace("table", history_size=9, recover=True, archive=True))
    await driven.publish_all("table:t", {"upsert": {"id": [1]}})
    assert driven.peer.messages()[0]["error"]["message"] == "the archive's state of 'table:t' can't be read"
    assert "state of 'table:t' can't be read: " in caplog.text


async def test_hub_that_ends_commits_what_waits(drive: Drive, tmp_path: Path) -> None:
    driven: Driven = await drive()
    driven.publish("event:a", *range(50))
    again: Driven = await drive()
    assert (await again.kept())["event:a"].top == 50


# cleaning up ----------------------------------------------------------------------


async def test_archive_keeps_so_much_time_and_so_many(drive: Drive) -> None:
    driven: Driven = await drive(
        young=Namespace("event", history_size=9, recover=True, archive=True, archive_ttl_s=100),
        few=Namespace("chat", history_size=9, recover=True, archive_size=3),
        all=EVENT,
    )
    for number in range(6):
        driven.clock = 1_000.0 + 40 * number
        for name in ("young:a", "all:a"):
            await driven.publish_all(name, number)
        await driven.publish_all("few:a", {"type": "message", "id": f"m{number}", "text": "x"})
    await driven.cleaner.round()
    kept = await driven.kept()
    assert {name: (k.first, k.top) for name, k in kept.items()} == {
        "young:a": (4, 6),
        "few:a": (4, 6),
        "all:a": (1, 6),
    }
    items = [key async for piece in driven.archive.items("few:a", 0) for key in piece]
    assert len(items) == 3
    assert driven.archiver.figures.trimmed == 2


async def test_history_shows_nothing_that_is_due_to_go(drive: Drive) -> None:
    driven: Driven = await drive(
        event=Namespace(
            "event", history_size=2, recover=True, archive=True, archive_ttl_s=100, archive_size=4
        )
    )
    for number in range(8):
        driven.clock = 1_000.0 + 10 * number
        await driven.publish_all("event:a", number)
    driven.peer.messages()

    async def history(limit: int = 100, **asked: Any) -> list[int]:
        driven.peer.send({"id": 9, "history": {"channel": "event:a", "limit": limit, **asked}})
        await driven.eventually(lambda: driven.peer.connection.has_output)
        (reply,) = driven.peer.messages()
        return [publication["data"] for publication in reply["history"]["publications"]]

    driven.peer.now = driven.clock
    assert await history() == [4, 5, 6, 7]
    # Whoever comes from before what is kept gets the oldest of it: an empty page would be the end.
    first = {"offset": 1, "epoch": driven.hub.channels["event:a"].log.epoch}
    assert await history(3) == await history(3, since=first) == [4, 5, 6]
    assert await history(3, since={**first, "offset": 6}) == [6, 7]
    assert await history(3, since={**first, "offset": 6}, reverse=True) == [4]
    driven.peer.now = driven.clock = 1_165.0
    assert await history() == await history(3) == await history(3, since=first) == [7]


async def test_together_they_keep_so_many_bytes_and_the_largest_gives_way(drive: Drive) -> None:
    driven: Driven = await drive(Limits(archive_bytes=30_000))
    await driven.publish_all("event:small", "x" * 1_000)
    await driven.publish_all("event:large", *["x" * 1_000] * 60)
    for _ in range(12):
        await driven.cleaner.round()
    kept = await driven.kept()
    assert kept["event:small"].first == 1
    assert 20_000 < sum(k.bytes for k in kept.values()) <= 30_000
    assert driven.hub.refused["archive_bytes"] > 0


async def test_channel_of_which_nothing_is_left_is_forgotten_unless_it_is_in_use(drive: Drive) -> None:
    driven: Driven = await drive(
        Limits(ping_interval_s=0),
        event=Namespace(
            "event", history_size=9, history_ttl_s=5, recover=True, archive=True, archive_ttl_s=10
        ),
    )
    for name in ("gone", "used"):
        await driven.publish_all(f"event:{name}", 1)
    driven.peer.ask(subscribe={"channel": "event:used"})
    epoch = driven.hub.channels["event:gone"].log.epoch
    driven.clock += 1_000
    driven.hub.tick(driven.clock)
    driven.hub.tick(driven.clock + 100)
    assert "event:gone" not in driven.hub.channels
    for _ in range(2):
        await driven.cleaner.round()
    assert set(await driven.kept()) == {"event:used"}
    # It begins anew, and what is in use goes on.
    await driven.publish_all("event:gone", 2)
    await driven.publish_all("event:used", 2)
    assert driven.hub.channels["event:gone"].log.epoch != epoch
    assert [pub["offset"] for pub in publications(driven.peer.messages(), "event:used")] == [2]


async def test_table_stays_when_its_publications_are_gone(drive: Drive) -> None:
    table = Namespace("table", history_size=9, history_ttl_s=5, recover=True, archive=True, archive_ttl_s=10)
    driven: Driven = await drive(table=table)
    driven.peer.send(
        {"id": 1, "rpc": {"method": "rtwidgets.declare", "data": {"channel": "table:t", "key": "id"}}}
    )
    await driven.publish_all("table:t", {"upsert": {"id": [1, 2]}})
    driven.clock += 1_000
    await driven.cleaner.round()
    kept = (await driven.kept())["table:t"]
    assert (kept.first, kept.has_items) == (None, True)
    again: Driven = await drive(table=table)
    await again.cleaner.round()
    again.peer.send({"id": 1, "subscribe": {"channel": "table:t"}})
    await again.eventually(lambda: again.peer.connection.has_output)
    (reply,) = again.peer.messages()
    assert reply["subscribe"]["offset"] == 1 and reply["subscribe"]["data"]["rows"] == {"id": [1, 2]}
