"""PostgreSQL: an outbox table whose rows are deleted when they are published, and NOTIFY that wakes us."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ..errors import ConfigError, SourceAwayError, SourceError
from .connector import BATCH, Connector, Reading, Tell
from .extras import need
from .pulls import Message
from .records import Decode, OnError, Record

T = TypeVar("T")

ANSWER_S = 10.0
# How long a row may stay unseen whose notification was lost.
LOOK_INTERVAL_S = 2.0
LOCK_INTERVAL_S = 1.0
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")
_LOCK = "SELECT pg_try_advisory_lock(hashtext('rtwidgets'), hashtext($1))"


class PostgresReader:
    """The one reader of an outbox: a lock of its session keeps others waiting until it has gone.

    Args:
        connect: Opens a connection of asyncpg.
        table: Name of the outbox, with or without its schema, and of the channel that tells of new rows.
        tell: Takes a problem.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], table: str, tell: Tell) -> None:
        self._library = need("asyncpg", "postgres")
        self._connect = connect
        self._table = table
        quoted = ".".join(f'"{part}"' for part in table.split("."))
        self._select = (
            "SELECT id, key::text, data::text, extract(epoch FROM created_at)::float8 "
            f"FROM {quoted} ORDER BY id LIMIT {BATCH}"
        )
        self._insert = (
            f"INSERT INTO {quoted} (key, data) "
            "SELECT * FROM unnest($1::text[], $2::jsonb[]) AS message (key, data)"
        )
        self._delete = f"DELETE FROM {quoted} WHERE id = ANY($1::bigint[])"
        self._tell = tell
        self._connection: Any = None
        self._has_lock = False
        self._woken = asyncio.Event()

    async def open(self) -> PostgresReader:
        """Connect."""
        await self._call(_nothing)
        return self

    async def take(self) -> list[Record]:
        """Return the rows that are there, at most a batch; wait a while where there are none."""
        if not await self._locked():
            await asyncio.sleep(LOCK_INTERVAL_S)
            return []
        self._woken.clear()
        found = await self._call(lambda connection: connection.fetch(self._select))
        if not found:
            try:
                await asyncio.wait_for(self._woken.wait(), LOOK_INTERVAL_S)
            except TimeoutError:
                pass
        return [
            Record(row_id, f"row {row_id}", _bytes(data), _bytes(key), time)
            for row_id, key, data, time in found
        ]

    async def commit(self, records: list[Record]) -> None:
        """Delete the rows."""
        row_ids = [record.mark for record in records]
        await self._call(lambda connection: connection.execute(self._delete, row_ids))

    async def hold(self) -> None:
        """Do nothing: the rows wait for as long as it takes."""

    async def close(self) -> None:
        """End the connection, and the lock with it."""
        if self._connection is not None:
            self._connection.terminate()

    async def _locked(self) -> bool:
        if not self._has_lock or self._connection.is_closed():
            self._has_lock = await self._call(lambda connection: connection.fetchval(_LOCK, self._table))
            self._tell("" if self._has_lock else "another process reads this outbox")
        return self._has_lock

    async def _call(self, work: Callable[[Any], Awaitable[T]]) -> T:
        library = self._library
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._connection is None or self._connection.is_closed():
                    self._has_lock = False
                    self._connection = await self._connect()
                    await self._connection.add_listener(self._table, lambda *_: self._woken.set())
                return await work(self._connection)
        except (
            library.InvalidAuthorizationSpecificationError,
            library.InvalidCatalogNameError,
            library.SyntaxOrAccessError,  # no such table or column, or no right to it
        ) as error:
            await self.close()
            raise SourceError(f"PostgreSQL refuses: {error}") from None
        except ValueError:  # its text repeats parts of the address
            raise SourceError(
                "the address of PostgreSQL can't be used: check host, port and options"
            ) from None
        except TimeoutError:
            await self.close()
            raise SourceAwayError(f"PostgreSQL did not answer in {ANSWER_S:g} s") from None
        except (OSError, library.PostgresError, library.InterfaceError, library.InternalClientError) as error:
            raise SourceAwayError(f"PostgreSQL is away: {type(error).__name__}") from None


class PostgresWriter(PostgresReader):
    """Inserts rows into the table."""

    async def write(self, messages: list[Message]) -> None:
        """Insert a row for each message, all of them or none."""
        keys = [message.key or None for message in messages]
        values = [None if message.value is None else message.value.decode() for message in messages]
        await self._call(lambda connection: connection.execute(self._insert, keys, values))


def postgres(
    url: str,
    *,
    table: str = "outbox",
    decode: Decode = "json",
    decode_key: Decode = "text",
    key: str = "",
    on_error: OnError = "stop",
) -> Connector:
    """Return an outbox table of PostgreSQL, to read with ``hub.run(outbox, into=channel)``.

    ``hub.run(channel, into=table)`` inserts into a table with the same columns.

    Transactions insert into the table what they have to tell, with columns ``id`` (bigint, rising), ``key``,
    ``data`` and ``created_at``. Rows are read in the order of their ids and deleted when the hub has
    published them; a row without data removes the row of its key from a table of the hub. ``NOTIFY`` on the
    channel that has the table's name makes them come at once, else they come within two seconds. Of several
    processes that read one outbox the first does, and the others wait for it to end.

    Args:
        url: ``postgresql://user:password@host/database``; to the server, not to a pooler of transactions.
        table: The outbox, with or without its schema.
        decode: ``"json"``, ``"text"``, or a function of the data's bytes that returns a row or other data.
        decode_key: The same for keys. Table keys that are numbers need ``"json"``.
        key: Column of a stream's rows that takes the key; a table's key column takes it anyway.
        on_error: ``"stop"`` at a row that can't be used, or ``"skip"`` it.

    Raises:
        ConfigError: If an option is not usable, or asyncpg is not installed.
    """
    library = need("asyncpg", "postgres")
    if not url.startswith(("postgresql://", "postgres://")):
        raise ConfigError(
            "the address of PostgreSQL is not one: use a form such as 'postgresql://user@host/database'"
        )
    if not _NAME.fullmatch(table):
        raise ConfigError(f"table is {table!r}: use a name such as 'outbox' or 'app.outbox'")

    def connect() -> Awaitable[Any]:
        found: Awaitable[Any] = library.connect(url, timeout=ANSWER_S)
        return found

    async def open_reader(tell: Tell) -> PostgresReader:
        return await PostgresReader(connect, table, tell).open()

    async def open_writer() -> PostgresWriter:
        return PostgresWriter(connect, table, lambda problem: None)

    reading = Reading(decode, decode_key, key, on_error)
    return Connector(f"PostgreSQL table {table!r}", open_reader, reading, open_writer, table)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


async def _nothing(connection: Any) -> None:
    pass
