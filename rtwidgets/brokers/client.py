"""Clients of Redis: of one server, of whatever server sentinels name, of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, Sentinel
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# A server that says nothing for so long is taken for dead.
TIMEOUT_S = 3.0
PORT, SENTINEL_PORT = 6379, 26379

Command = tuple[str | bytes | int, ...]


class Client(Protocol):
    """What a broker needs of a client, whatever it is of.

    `db` is the number of the database; messages are not of one, so their names have to say it.
    """

    db: int

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        """Carry out commands, each for the key at its third place; faults of one are among the answers."""

    async def connection(self) -> AbstractConnection:
        """Return a connected connection of the caller's own, for hearing messages."""

    async def close(self) -> None:
        """Let go of all connections."""


class Single:
    """A client of one server, which may be another one after a while.

    Args:
        sentinels: Who names it.
    """

    def __init__(self, redis: Redis, sentinels: Sequence[Redis] = ()) -> None:
        self._redis = redis
        self._sentinels = sentinels
        self.db = int(redis.connection_pool.connection_kwargs.get("db") or 0)

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    async def connection(self) -> AbstractConnection:
        pool = self._redis.connection_pool
        connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
        await connection.connect()  # type: ignore[no-untyped-call]
        return connection

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()
        for sentinel in self._sentinels:
            await sentinel.aclose()


class Cluster:
    """A client of a cluster."""

    def __init__(self, redis: RedisCluster) -> None:
        self._redis = redis
        self.db = 0

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        await self._find_nodes()
        work = (self._redis.execute_command(*command) for command in commands)
        return await asyncio.gather(*work, return_exceptions=True)

    async def connection(self) -> AbstractConnection:
        await self._find_nodes()
        node = self._redis.get_random_node()
        connection: AbstractConnection = node.connection_class(**node.connection_kwargs)
        await connection.connect()  # type: ignore[no-untyped-call]
        return connection

    async def close(self) -> None:
        await self._redis.aclose()

    async def _find_nodes(self) -> None:
        """Ask what the nodes are where that is not known: at first, and after one has failed."""
        # All that are known are asked in turn, and whoever waits has no time for each of them.
        async with asyncio.timeout(TIMEOUT_S):
            await self._redis.initialize()


def client_of(scheme: str, rest: str) -> Client:
    """Return the client for an address, of which `rest` is what follows ``://``.

    Raises:
        ValueError: If it is none.
    """
    form = scheme.partition("+")[2]
    if not form:
        _db(urlsplit(f"redis://{rest}").path.strip("/"))
        return Single(Redis.from_url(f"{scheme}://{rest}", **_options()))
    options = {**_options(), **({"ssl": True} if scheme.startswith("rediss") else {})}
    login, _, rest = rest.rpartition("@")
    if login:
        user, _, password = login.rpartition(":")
        options["password"] = unquote(password)
        if user:
            options["username"] = unquote(user)
    hosts, _, path = rest.partition("/")
    if form == "cluster":
        if _db(path):
            raise ValueError("a cluster has no databases: leave out the number behind the hosts")
        nodes = [ClusterNode(host, port) for host, port in _hosts(hosts, PORT)]
        return Cluster(RedisCluster(startup_nodes=nodes, **options))
    service, _, db = path.partition("/")
    if not service:
        raise ValueError("redis+sentinel:// needs the service behind the hosts, such as /mymaster")
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        _hosts(hosts, SENTINEL_PORT), sentinel_kwargs={"socket_timeout": TIMEOUT_S, "protocol": 2}
    )
    return Single(sentinel.master_for(service, db=_db(db), **options), sentinel.sentinels)


def _options() -> dict[str, Any]:
    return {
        "protocol": 2,
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        # What is in doubt must not be done twice; the broker's users know what to do instead.
        "retry": Retry(NoBackoff(), 0),
    }


def _db(text: str) -> int:
    # The library takes what it can't read for no number at all.
    if not text.isdecimal() and text:
        raise ValueError(f"the database is a number, such as /0, and not {text[:20]!r}")
    return int(text or 0)


def _hosts(text: str, port: int) -> list[tuple[str, int]]:
    found = []
    for one in text.split(","):
        host, colon, number = one.rpartition(":")
        if not (host if colon else one):
            raise ValueError("a host is missing")
        found.append((host, int(number)) if colon else (one, port))
    return found
