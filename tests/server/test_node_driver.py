"""What hubs tell each other, carried through a real Redis, without sockets of clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from rtwidgets.brokers import open_broker
from rtwidgets.core import Limits
from rtwidgets.core.revocation import Revocation
from rtwidgets.server import node_driver
from rtwidgets.server.known_revocations import known_revocations
from rtwidgets.server.settings import HubSection, Settings
from rtwidgets.server.spreader import Spreader

from ..brokers.conftest import need_redis, own_redis
from ..brokers.redis_server import RedisServer
from ..core.model_broker import ModelBroker
from ..core.peers import Peer, make_hub

__all__ = ["need_redis", "own_redis"]


class Node:
    """A hub that is driven, and nothing else."""

    def __init__(self, address: str, process: str, limits: Limits | None = None) -> None:
        self.hub = make_hub(broker=ModelBroker(), limits=limits)
        self.hub.process_id = process
        self.spreader = Spreader(open_broker(address), self.hub, lambda: 1_000.0)

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[Node]:
        await self.spreader.open()
        task = asyncio.create_task(self.spreader.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.spreader.close()

    def members(self, channel: str) -> list[str]:
        assert self.hub.nodes is not None
        return [info.user for info in self.hub.nodes.members(channel)]


async def until(check: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not check():
            await asyncio.sleep(0.02)


def join(node: Node, channel: str = "chat:a", user: str = "ann") -> Peer:
    peer = Peer(node.hub, user).connect()
    node.hub.channel(channel).durable = None
    assert "subscribe" in peer.ask(subscribe={"channel": channel})
    return peer


async def test_process_that_starts_later_knows_what_was_revoked(own_redis: RedisServer) -> None:
    async with Node(own_redis.url, "one").runs() as one:
        assert one.hub.nodes is not None
        one.hub.nodes.share("revoked", "t ", b'{"jti":"t"}')
        one.hub.nodes.share("revoked", "old ", b'{"jti":"old","until":1.0}')
        async with Node(own_redis.url, "early").runs() as early:
            await until(lambda: covers(early, "t"))
    async with Node(own_redis.url, "late").runs() as late:
        await until(lambda: covers(late, "t"))
        # One that is of no use any more goes.
        await until(lambda: "old" not in own_redis.ask("HKEYS", "rtwidgets:{n}:shared"))
    # And so does who explains a token.
    settings = Settings(hub=HubSection(broker=own_redis.url))
    entries, not_looked_at = await asyncio.to_thread(known_revocations, settings)
    assert (entries, not_looked_at) == ([Revocation(jti="t")], "")


async def test_nobody_waits_for_ever_for_what_nobody_has_thought_of(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Node(own_redis.url, "one").runs() as one:
        ann = Peer(one.hub).connect()

        def fails(*args: object) -> None:
            raise RuntimeError("who would have thought")

        with monkeypatch.context() as patch:
            patch.setattr(one.spreader._shared, "items", fails)
            assert "can't be used now" in await answer(ann, subscribe={"channel": "event:a"})
        assert "subscribe" in await answer(ann, subscribe={"channel": "event:b"})
        with monkeypatch.context() as patch:
            patch.setattr(one.spreader._shared, "commit", fails)
            assert "can't be used now" in await answer(ann, publish={"channel": "event:b", "data": 1})
        assert "'publish'" in await answer(ann, publish={"channel": "event:b", "data": 1})


async def test_full_broker_is_told_to_the_publisher_and_once_to_the_log(
    own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with Node(own_redis.url, "one").runs() as one:
        ann = Peer(one.hub).connect()
        publish = {"channel": "event:a", "data": 1}
        assert "'publish'" in await answer(ann, publish=publish)
        own_redis.ask("CONFIG", "SET", "maxmemory", "1")
        for _ in range(2):
            assert "'code': 100, 'message': 'the broker is full'" in await answer(ann, publish=publish)
        assert caplog.text.count("the broker keeps no publications: the broker is full") == 1
        own_redis.ask("CONFIG", "SET", "maxmemory", "0")
        assert "'publish'" in await answer(ann, publish=publish)
        assert "the broker keeps publications again" in caplog.text


async def answer(peer: Peer, **request: object) -> str:
    """Send a request and return its reply, as soon as it comes."""
    found: list[dict[str, object]] = []
    peer.send({"id": 90, **request})

    def is_answered() -> bool:
        found.extend(message for message in peer.messages() if message.get("id") == 90)
        return bool(found)

    await until(is_answered)
    return str(found[0])


def covers(node: Node, jti: str) -> bool:
    return node.hub.tokens.revocations.cover("ann", (jti,), None)


async def test_members_are_there_for_who_comes_later_and_go_with_their_process(
    own_redis: RedisServer,
) -> None:
    async with Node(own_redis.url, "stays").runs() as stays:
        async with Node(own_redis.url, "ends").runs() as ends:
            join(ends)
            async with Node(own_redis.url, "late").runs() as late:
                await until(lambda: stays.members("chat:a") == late.members("chat:a") == ["ann"])
        await until(lambda: not stays.members("chat:a"))


async def test_nobody_is_taken_for_dead_because_redis_was(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(Node(own_redis.url, name).runs()) for name in ("one", "other")
        ]
        for node in nodes:
            node.hub.commands.node_gone = lambda node, now: gone.append(node)  # type: ignore[method-assign]
        join(nodes[0])
        await until(lambda: nodes[1].members("chat:a"))
        # All signs of life are gone, as after an outage that took longer than they last.
        own_redis.kill()
        await until(lambda: all(node.spreader.nodes.is_away for node in nodes))
        own_redis.start()
        own_redis.ask("DEL", "rtwidgets:{n}:alive:one", "rtwidgets:{n}:alive:other")
        join(nodes[0], user="bob")
        await until(lambda: sorted(nodes[1].members("chat:a")) == ["ann", "bob"])
        await asyncio.sleep(node_driver.GRACE_S + node_driver.BEAT_INTERVAL_S)
        assert gone == [] and len(nodes[1].members("chat:a")) == 2


async def test_messages_that_wait_are_bounded() -> None:
    node = Node("redis://127.0.0.1:1/0", "one", Limits(archive_queue_bytes=1_000))
    for _ in range(5):
        node.spreader.nodes.send("other", b"x" * 300)
    assert node.hub.refused["archive_queue_bytes"] == 2
    assert len(node.spreader.nodes._messages) == 3


async def test_sessions_that_redis_lost_are_told_again(own_redis: RedisServer) -> None:
    async with Node(own_redis.url, "one").runs() as one:
        Peer(one.hub).connect().rpc("rtwidgets.session", session="desk", title="Desk")
        await until(lambda: "desk" in own_redis.ask("HKEYS", "rtwidgets:{n}:shared"))
        own_redis.ask("FLUSHALL")
        await until(lambda: "desk" in own_redis.ask("HKEYS", "rtwidgets:{n}:shared"))
        async with Node(own_redis.url, "late").runs() as late:
            await until(lambda: late.hub.sessions.get("desk") is not None)
