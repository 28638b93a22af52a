"""Redis Streams, read by a consumer group."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import msgspec

from ..cancellation import end_if_cancelled
from ..errors import ConfigError, SourceAwayError, SourceError
from .connector import BATCH, Connector, Reading, Tell
from .extras import need
from .pulls import Message
from .records import Decode, OnError, Record, Start, one_of

T = TypeVar("T")

BLOCK_MS = 1000
ANSWER_S = 10.0
# Of a group there is one: entries that go to several come in no order.
CONSUMER = "rtwidgets"
KEY_FIELD = b"key"


class RedisReader:
    """A consumer of a group: first what it was given before and never acknowledged, then what is new.

    Args:
        client: Of redis.asyncio.
        stream: The stream's key.
        group: The group's name.
        start: Where a group begins that is not there yet.
        field: Of an entry's data; "" when its fields are the row.
    """

    def __init__(self, client: Any, stream: str, group: str, start: Start, field: str) -> None:
        self._client = client
        self._stream = stream
        self._group = group
        self._start = start
        self._field = field.encode()
        self._errors = need("redis.exceptions", "redis")
        self._after: str = "0"  # the last of those it was given before; ">" when there is none left

    async def open(self) -> RedisReader:
        """Make the group unless it is there."""
        try:
            first = "0" if self._start == "oldest" else "$"
            await self._call("xgroup_create", self._stream, self._group, first, mkstream=True)
        except SourceError as error:
            if "BUSYGROUP" not in str(error):
                await self.close()
                raise
        return self

    async def take(self) -> list[Record]:
        """Return what has come, at most a batch."""
        found = await self._call(
            "xreadgroup",
            self._group,
            CONSUMER,
            {self._stream: self._after},
            count=BATCH,
            block=BLOCK_MS,
        )
        entries = [entry for _, entries in found or () for entry in entries]
        if self._after != ">":
            self._after = entries[-1][0].decode() if entries else ">"
        # Of entries that were deleted since they were given out only the id is left.
        records = [self._record(entry_id.decode(), fields) for entry_id, fields in entries if fields]
        if entries and not records:
            await self._call("xack", self._stream, self._group, *(entry_id for entry_id, _ in entries))
        return records

    async def commit(self, records: list[Record]) -> None:
        """Acknowledge entries."""
        await self._call("xack", self._stream, self._group, *(record.mark for record in records))

    async def hold(self) -> None:
        """Do nothing: a group waits for as long as it takes."""

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    def _record(self, entry_id: str, fields: dict[bytes, bytes]) -> Record:
        key = fields.get(KEY_FIELD)
        value = fields.get(self._field) if self._field else _row(fields)
        if value is None and key is None:
            value = b""  # nothing that we know is no removal either
        return Record(
            mark=entry_id,
            place=f"entry {entry_id}",
            value=value,
            key=key if self._field else None,
            time=int(entry_id.partition("-")[0]) / 1000,
        )

    async def _call(self, method: str, *args: Any, **options: Any) -> Any:
        return await _answered(self._errors, getattr(self._client, method)(*args, **options))


class RedisWriter:
    """Adds entries to a stream."""

    def __init__(self, client: Any, stream: str, field: str) -> None:
        self._client = client
        self._stream = stream
        self._field = field or "data"
        self._errors = need("redis.exceptions", "redis")

    async def write(self, messages: list[Message]) -> None:
        """Add an entry for each message, all of them or none."""
        pipeline = self._client.pipeline(transaction=True)
        for message in messages:
            fields = {self._field: message.value, KEY_FIELD: message.key}
            given = {name: value for name, value in fields.items() if value}
            pipeline.xadd(self._stream, given)
        await _answered(self._errors, pipeline.execute())

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()


def redis(
    url: str,
    *,
    stream: str,
    group: str,
    field: str = "data",
    start: Start = "oldest",
    decode: Decode = "json",
    decode_key: Decode = "text",
    key: str = "",
    on_error: OnError = "stop",
) -> Connector:
    """Return a Redis stream, to read with ``hub.run(stream, into=channel)`` or write the other way round.

    Entries are acknowledged when the hub has published them; what was given out before and not acknowledged
    comes first. One process reads for a group: several would get the entries in no order. An entry without
    data removes the row that its field ``key`` names from a table.

    Args:
        url: ``redis://user:password@host:port/0``, ``rediss://`` or ``unix://``.
        stream: The stream's key.
        group: The consumer group, made where it is missing.
        field: The field of an entry that has the data; "" when the fields themselves are the row, whose cells
            are numbers where they look like some.
        start: Where a new group begins: ``"oldest"`` or ``"newest"``.
        decode: ``"json"``, ``"text"``, or a function of the data's bytes that returns a row or other data.
        decode_key: The same for the field ``key``. Table keys that are numbers need ``"json"``.
        key: Column of a stream's rows that takes the key; a table's key column takes it anyway.
        on_error: ``"stop"`` at an entry that can't be used, or ``"skip"`` it.

    Raises:
        ConfigError: If an option is not usable, or redis-py is not installed.
    """
    one_of("start", start, ("oldest", "newest"))
    library = need("redis.asyncio", "redis")

    def connect() -> Any:
        return library.Redis.from_url(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)

    async def open_reader(tell: Tell) -> RedisReader:
        return await RedisReader(connect(), stream, group, start, field).open()

    async def open_writer() -> RedisWriter:
        return RedisWriter(connect(), stream, field)

    try:
        connect()
    except ValueError:  # its text repeats the address, which may hold a password
        raise ConfigError(
            "the address of Redis is not one: use a form such as 'redis://127.0.0.1:6379/0'"
        ) from None
    reading = Reading(decode, decode_key, key, on_error)
    return Connector(f"Redis stream {stream!r}", open_reader, reading, open_writer, group)


async def _answered(errors: Any, answer: Awaitable[T]) -> T:
    """Return an answer of Redis, or raise our error.

    Args:
        errors: The library's.
    """
    try:
        return await answer
    except (errors.AuthenticationError, errors.AuthorizationError) as error:
        raise SourceError(f"Redis refuses: {error}") from None
    except (errors.ConnectionError, errors.TimeoutError, errors.ReadOnlyError, OSError) as error:
        raise SourceAwayError(f"Redis is away: {error}") from None
    except errors.ResponseError as error:
        if str(error).startswith(("NOGROUP", "UNBLOCKED")):  # deleted, or Redis came back without it
            raise SourceAwayError(f"the group is gone: {error}") from None
        raise SourceError(f"Redis refuses: {error}") from None
    finally:
        end_if_cancelled()


def _row(fields: dict[bytes, bytes]) -> bytes:
    return msgspec.json.encode({name.decode(): _cell(value) for name, value in fields.items()})


def _cell(value: bytes) -> object:
    try:
        number = msgspec.json.decode(value)
    except msgspec.DecodeError:
        number = None
    return number if isinstance(number, int | float) else value.decode(errors="replace")
