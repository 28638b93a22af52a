"""The archive in PostgreSQL: one connection writes, a few read."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from ..core.batch import ArchiveFault, Batch, Changes, Item, Stored, Tail, Wanted, read_mark
from ..errors import ConfigError
from . import postgres_sql as sql
from .base import MAX_PRODUCERS, PIECE, SCHEMA, Kept
from .postgres_commit import adopt, keep

T = TypeVar("T")

CONNECT_TIMEOUT_S = 3.0
# A commit, or any other piece of work, that takes longer has failed.
WORK_TIMEOUT_S = 10.0
# Who asks first when the server has gone away waits so long for it to come back.
PATIENCE_S = 3.0
RETRY_S = 0.1
MAX_READERS = 3
# Publications are fetched in so many at a time, to stop where the bytes are enough.
FETCH = 100
# A server that can't reach us any more lets go of our lock within half a minute.
_SESSION = {
    "application_name": "rtwidgets",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "30000",
    # Where several hubs write, each waits its turn.
    "lock_timeout": "5000",
}
_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection that was ended while it was idle.
    asyncpg.InternalClientError,
)
# What waiting does not mend: no such user, password or database, or no right to make tables.
_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
_AWAY = "the archive's database is away"


class PostgresArchive:
    """Channels in the tables ``rtwidgets_…`` of a database, in the schema where its user makes tables.

    Args:
        address: ``postgresql://user:password@host:port/database``.
        is_shared: Whether other hubs write to it, too.
    """

    def __init__(self, address: str, *, is_shared: bool = False) -> None:
        self._address = address
        self._is_shared = is_shared
        self._lock = asyncio.Lock()
        self._writer: Any = None
        self._is_prepared = False
        self._identity = ""
        self._was_there = True
        self._readers: Any = None

    async def open(self) -> None:
        """Make it ready; see `Archive.open`."""
        self._readers = await asyncpg.create_pool(
            self._address,
            min_size=0,
            max_size=MAX_READERS,
            timeout=CONNECT_TIMEOUT_S,
            server_settings=_SESSION,
            command_timeout=WORK_TIMEOUT_S,
        )
        try:
            await self._write(_nothing)
        except ArchiveFault as fault:
            if isinstance(fault.__cause__, _REFUSED):
                raise ConfigError(f"hub.archive can't be used: {fault.__cause__}") from None
            raise

    async def close(self) -> None:
        """Let go of the connections."""
        async with self._lock:
            self._drop()
            self._is_prepared = False
        if self._readers is not None:
            self._readers.terminate()

    # writing ------------------------------------------------------------------

    async def commit(self, batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
        """Keep batches in one transaction."""
        faults: list[ArchiveFault | None] = []

        async def work(connection: Any) -> None:
            faults.extend(await keep(connection, batches, max_channels))

        await self._write(work)
        return faults

    async def adopt(self, channel: str, stored: Stored, items: Changes) -> None:
        """Keep a channel as it was elsewhere."""
        await self._write(lambda connection: adopt(connection, channel, stored, items))

    async def identity(self) -> str:
        """Return the id that these tables have got when they were first used."""
        if not self._identity:
            await self._write(_nothing)
        return self._identity

    async def was_committed(self, batch: Batch) -> bool:
        """Say whether a batch is the channel's last one."""

        async def work(connection: Any) -> bool:
            return bool(await connection.fetchval(sql.LAST_BATCH, batch.channel) == batch.mark)

        return await self._write(work)

    async def trim(self, channel: int, stop: int, *, items: bool) -> bool:
        """Remove a piece of a channel's oldest publications."""

        async def work(connection: Any) -> bool:
            found = await connection.fetch(sql.OLDEST, channel, stop)
            if found:
                last = found[-1][0]
                await connection.execute(sql.REMOVE_PUBLICATIONS, channel, last)
                if items:
                    await connection.execute(sql.REMOVE_OLD_ITEMS, channel, last)
                await connection.execute(sql.SHRINK, channel, sum(length for _, length in found))
            return len(found) == PIECE

        return await self._write(work)

    async def tidy(self, before_ms: int) -> None:
        """Forget producers."""
        await self._write(lambda connection: connection.execute(sql.TIDY, before_ms))

    async def forget(self, channel: int) -> None:
        """Remove an empty channel."""

        async def work(connection: Any) -> None:
            await connection.execute(sql.FORGET_PRODUCERS, channel)
            await connection.execute(sql.FORGET, channel)

        await self._write(work)

    # reading ------------------------------------------------------------------

    async def load(self, channel: str, tail: Tail) -> Stored | None:
        """Return a channel without its items."""

        async def work(connection: Any) -> Stored | None:
            row = await connection.fetchrow(sql.CHANNEL, channel)
            if row is None:
                return None
            id, kind, epoch, mark, top = row
            publications: list[tuple[int, bytes]] = []
            size = 0
            async for offset, time_ms, data in connection.cursor(sql.NEWEST, id, tail.size, prefetch=FETCH):
                size += len(data)
                if offset != top - len(publications) or time_ms < tail.since_ms:
                    break
                if publications and 0 < tail.max_bytes < size:
                    break
                publications.append((time_ms, data))
            producers = [tuple(row) for row in await connection.fetch(sql.PRODUCERS, id, MAX_PRODUCERS)]
            return Stored(
                kind, epoch, top, publications[::-1], dict(reversed(producers)), *read_mark(mark, top)
            )

        return await self._read(work)

    async def items(self, channel: str, newest: int) -> AsyncIterator[Changes]:
        """Yield a channel's items in pieces."""
        id = await self._read(lambda connection: connection.fetchval(sql.ID, channel))
        rank, key = 0, None
        if newest:
            rank = await self._read(lambda c: c.fetchval(sql.FIRST_RANK, id, newest - 1)) or 0
        while found := await self._read(_piece(id, rank, key)):
            yield {key: Item(rank, data) for key, rank, data in found}
            key, rank = found[-1][:2]

    async def read(self, channel: str, wanted: Wanted) -> list[bytes]:
        """Return publications."""

        async def work(connection: Any) -> list[bytes]:
            id = await connection.fetchval(sql.ID, channel)
            first = await connection.fetchval(sql.OFFSET_AT, id, wanted.from_ms)
            if first is None:
                return []
            end = await connection.fetchval(sql.OFFSET_AT, id, wanted.to_ms)
            after = max(wanted.after, first - 1)
            before = wanted.before if end is None else min(wanted.before, end)
            statement = sql.READ.format(order="DESC" if wanted.reverse else "ASC")
            found: list[bytes] = []
            size = 0
            async for (data,) in connection.cursor(
                statement, id, after, before, wanted.limit, prefetch=FETCH
            ):
                size += len(data)
                if found and 0 < wanted.max_bytes < size:
                    break
                found.append(data)
            return found

        return await self._read(work)

    async def count(self) -> int:
        """Return how many channels are kept."""
        return int(await self._read(lambda connection: connection.fetchval(sql.COUNT)))

    async def items_before(self, channel: str, key: bytes, limit: int) -> list[bytes]:
        """Return the data of items of lower rank than one."""

        async def work(connection: Any) -> list[bytes]:
            id = await connection.fetchval(sql.ID, channel)
            rank = await connection.fetchval(sql.RANK, id, key)
            if rank is None:
                return []
            return [data for (data,) in await connection.fetch(sql.ITEMS_BEFORE, id, rank, limit)]

        return await self._read(work)

    async def survey(self, after: int) -> list[Kept]:
        """Return channels behind an id."""
        found = await self._read(lambda connection: connection.fetch(sql.SURVEY, after))
        return [Kept(*row) for row in found]

    async def offset_at(self, channel: int, time_ms: int) -> int | None:
        """Return the offset of the oldest publication from a time on."""
        offset: int | None = await self._read(lambda c: c.fetchval(sql.OFFSET_AT, channel, time_ms))
        return offset

    # inside -------------------------------------------------------------------

    async def _write(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Do something in a transaction of the connection that writes."""
        async with self._lock:
            is_committing = False
            try:
                async with asyncio.timeout(WORK_TIMEOUT_S):
                    connection = await self._connected()
                    transaction = connection.transaction()
                    await transaction.start()
                    if self._is_shared:
                        await connection.execute(sql.LOCK_FOR_NOW)
                    result = await work(connection)
                    is_committing = True
                    await transaction.commit()
                    return result
            except (*_LOST, asyncpg.PostgresError) as error:
                # What the server makes of the rest it does before another connection gets the lock.
                self._drop()
                raise _fault(error, in_doubt=is_committing) from error
            except BaseException:
                self._drop()
                raise

    async def _connected(self) -> Any:
        """Return the connection that writes; it holds the lock."""
        if self._writer is not None and not self._writer.is_closed():
            return self._writer
        patience_s = PATIENCE_S if self._was_there else 0.0
        deadline = asyncio.get_running_loop().time() + patience_s
        while True:
            try:
                connection = await self._connect()
                break
            except (*_LOST, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError):
                self._was_there = False
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(RETRY_S)
        self._was_there = True
        self._writer = connection
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while not self._is_shared and not await connection.fetchval(sql.LOCK):
            if asyncio.get_running_loop().time() > deadline:
                raise ArchiveFault("another hub writes to the archive")
            await asyncio.sleep(RETRY_S)
        if not self._is_prepared:
            async with connection.transaction():
                await connection.execute(sql.LOCK_FOR_NOW)
                self._identity = await _prepare(connection)
            self._is_prepared = True
        return connection

    async def _connect(self) -> Any:
        return await asyncpg.connect(
            self._address, timeout=CONNECT_TIMEOUT_S, server_settings=_SESSION, command_timeout=WORK_TIMEOUT_S
        )

    def _drop(self) -> None:
        connection, self._writer = self._writer, None
        if connection is not None:
            connection.terminate()

    async def _read(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Do something in a transaction of a connection that reads."""
        try:
            async with asyncio.timeout(WORK_TIMEOUT_S):
                async with (
                    self._readers.acquire() as connection,
                    # One moment's view, as another hub may write meanwhile.
                    connection.transaction(isolation="repeatable_read", readonly=True),
                ):
                    return await work(connection)
        except (*_LOST, asyncpg.PostgresError) as error:
            raise _fault(error) from error


def _fault(error: Exception, *, in_doubt: bool = False) -> ArchiveFault:
    if isinstance(error, asyncpg.DiskFullError):
        return ArchiveFault("the archive is full", in_doubt=in_doubt)
    if isinstance(error, asyncpg.LockNotAvailableError):
        return ArchiveFault("another hub writes to the archive")
    if isinstance(error, (*_LOST, asyncpg.OperatorInterventionError)):
        return ArchiveFault(_AWAY, in_doubt=in_doubt)
    return ArchiveFault("the archive can't be used now", in_doubt=in_doubt)


async def _nothing(connection: Any) -> None:
    pass


def _piece(id: int, rank: int, key: bytes | None) -> Callable[[Any], Awaitable[list[Any]]]:
    async def work(connection: Any) -> list[Any]:
        statement = sql.ITEMS.format(behind=">=" if key is None else ">")
        return list(await connection.fetch(statement, id, rank, key or b""))

    return work


async def _prepare(connection: Any) -> str:
    """Make the tables, or see that those that are there are of our version; return their id."""
    if not await connection.fetchval(sql.HAS_TABLES):
        await connection.execute(sql.TABLES)
        await connection.execute(sql.SET_VERSION, str(SCHEMA))
    version = await connection.fetchval(sql.VERSION)
    if version != str(SCHEMA):
        raise ConfigError(
            f"hub.archive: its tables have version {version}, this program knows {SCHEMA}: use the "
            "rtwidgets that wrote them, or another database"
        )
    await connection.execute(sql.SET_IDENTITY, secrets.token_hex(16))
    return str(await connection.fetchval(sql.IDENTITY))
