"""NATS JetStream: a stream read in order, and the place reached kept in a key-value bucket beside it.

A durable consumer would give what a killed reader had not acknowledged only after a while, and behind newer
messages. So a consumer here lives as short as its reader and starts behind the kept place.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ..errors import ConfigError, SourceAwayError, SourceError
from .connector import BATCH, Connector, Reading, Tell
from .extras import need
from .nats_writer import KEY_HEADER, NatsWriter
from .records import Decode, OnError, Record, Start, one_of

T = TypeVar("T")

log = logging.getLogger("rtwidgets")

ANSWER_S = 10.0
# How long the server waits to fill a request for messages.
ASK_S = 2.0
# A consumer whose reader was killed is removed by the server after this.
FORGET_S = 60.0
BUCKET = "rtwidgets"
SCHEMES = ("nats", "tls", "ws", "wss")
_GROUP = re.compile(r"[A-Za-z0-9_=-]+")


class NatsReader:
    """A reader of a stream, from where its group stands.

    Args:
        connect: Opens a connection of nats-py, which does not reconnect by itself.
        stream: The stream.
        subject: Which of its messages; "" for all.
        group: Name of the kept place.
        start: Where a group begins that is not known yet.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Any]], stream: str, subject: str, group: str, start: Start
    ) -> None:
        self._connect = connect
        self._stream = stream
        self._subject = subject
        self._place = f"{stream}.{group}"
        self._id = uuid.uuid4().hex  # so that two who reach the same place are told apart
        self._start = start
        self._errors = need("nats.errors", "nats")
        self._js_errors = need("nats.js.errors", "nats")
        self._api = need("nats.js.api", "nats")
        self._connection: Any = None
        self._jetstream: Any = None
        self._bucket: Any = None
        self._revision = 0
        self._seq = 0  # of the stream, of the last message that was taken
        self._subscription: Any = None
        self._next = ""  # where messages are asked for
        self._asked = 0  # messages that may still come of what we asked for
        self._consumer_seq = 0
        self._is_stale = True  # whether the consumer may have gone

    async def open(self) -> NatsReader:
        """Connect and find the place."""
        try:
            await self._call(self._find_place)
        except BaseException:
            await self.close()
            raise
        return self

    async def take(self) -> list[Record]:
        """Return what has come, at most a batch."""
        return await self._call(self._take)

    async def commit(self, records: list[Record]) -> None:
        """Keep the place behind the last message."""
        await self._call(lambda: self._keep(records[-1].mark))

    async def hold(self) -> None:
        """Do nothing: the stream waits for as long as it keeps its messages."""

    async def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _connected(self) -> None:
        if self._connection is not None and not self._connection.is_closed:
            return
        self._is_stale, self._subscription = True, None
        self._connection = await self._connect()
        self._jetstream = self._connection.jetstream(timeout=ANSWER_S / 2)
        try:
            self._bucket = await self._jetstream.key_value(BUCKET)
        except self._js_errors.BucketNotFoundError:
            self._bucket = await self._jetstream.create_key_value(self._api.KeyValueConfig(BUCKET, history=1))

    async def _find_place(self) -> None:
        newest = (await self._jetstream.stream_info(self._stream)).state.last_seq
        try:
            entry = await self._bucket.get(self._place)
        except self._js_errors.KeyNotFoundError:
            # Kept at once: after a crash "newest" would be what came since.
            await self._keep(newest if self._start == "newest" else 0)
            self._seq = newest if self._start == "newest" else 0
            return
        self._revision, self._seq = entry.revision, int(entry.value.split()[0])
        if self._seq > newest:
            log.warning("NATS stream %r was begun anew and is read from its start", self._stream)
            self._seq = 0

    async def _take(self) -> list[Record]:
        if self._is_stale:
            await self._renew()
        if not self._asked:
            ask = {"batch": BATCH, "expires": int(ASK_S * 1e9)}
            await self._connection.publish(self._next, json.dumps(ask).encode(), self._subscription.subject)
            self._asked = BATCH
        try:
            messages = [await self._subscription.next_msg(2 * ASK_S)]
        except self._errors.TimeoutError:  # not even that there is none: the consumer has gone
            self._is_stale = True
            return []
        while self._subscription.pending_msgs:
            messages.append(await self._subscription.next_msg(ASK_S))
        records = []
        for message in messages:
            status = (message.headers or {}).get("Status")
            if status is not None:
                self._asked = 0
                self._is_stale |= status not in ("404", "408")
                continue
            sequence = message.metadata.sequence
            if sequence.consumer != self._consumer_seq + 1:  # one was lost on its way
                self._is_stale = True
                break
            self._asked -= 1
            self._consumer_seq, self._seq = sequence.consumer, sequence.stream
            records.append(self._record(message))
        return records

    async def _renew(self) -> None:
        """Make a consumer that starts behind the last message that was taken."""
        if self._subscription is not None:
            await self._subscription.unsubscribe()
        api = self._api
        config = api.ConsumerConfig(
            ack_policy=api.AckPolicy.NONE,
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._seq + 1,
            filter_subject=self._subject or None,
            inactive_threshold=FORGET_S,
            mem_storage=True,
        )
        consumer = await self._jetstream.add_consumer(self._stream, config)
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{consumer.name}"
        self._subscription = await self._connection.subscribe(self._connection.new_inbox())
        self._asked = self._consumer_seq = 0
        self._is_stale = False

    async def _keep(self, seq: int) -> None:
        value = f"{seq} {self._id}".encode()
        try:
            self._revision = await self._bucket.update(self._place, value, last=self._revision)
        except self._js_errors.KeyWrongLastSequenceError:
            entry = await self._bucket.get(self._place)
            if entry.value != value:  # else the answer to our first try was lost
                raise SourceError(
                    f"another process reads NATS stream {self._stream!r} for the same group: give it another"
                ) from None
            self._revision = entry.revision

    def _record(self, message: Any) -> Record:
        headers = message.headers or {}
        is_gone = not message.data or headers.get("KV-Operation") in ("DEL", "PURGE")
        seq, subject = message.metadata.sequence.stream, message.subject
        return Record(
            mark=seq,
            place=f"message {seq} ({subject})",
            value=None if is_gone else message.data,
            key=headers.get(KEY_HEADER, subject).encode(),
            time=message.metadata.timestamp.timestamp(),
        )

    async def _call(self, work: Callable[[], Awaitable[T]]) -> T:
        errors, js_errors = self._errors, self._js_errors
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._connected()
                return await work()
        except (js_errors.NotFoundError, js_errors.BadRequestError, errors.AuthorizationError) as error:
            raise SourceError(f"NATS refuses: {error}") from None
        except (errors.Error, js_errors.Error, OSError, TimeoutError) as error:
            raise SourceAwayError(f"NATS is away: {type(error).__name__}") from None


def nats(
    url: str,
    *,
    stream: str,
    group: str,
    subject: str = "",
    start: Start = "oldest",
    decode: Decode = "json",
    decode_key: Decode = "text",
    key: str = "",
    on_error: OnError = "stop",
    config: Mapping[str, Any] | None = None,
) -> Connector:
    """Return a NATS JetStream stream, to read with ``hub.run(stream, into=channel)``.

    ``hub.run(channel, into=stream)`` publishes to ``subject``, which is then one without wildcards.

    How far the hub has published is kept in the key-value bucket ``rtwidgets``, under stream and group; the
    stream itself has to keep its messages until then (retention by limits). A message's key is its header
    ``Key``, or else its subject; one without data, or of a deletion in a bucket, removes the row of its key.

    Args:
        url: ``nats://host:4222``, or several with commas between.
        stream: The stream.
        group: Name for the place that is kept; one process at a time reads for it.
        subject: Which messages of the stream, such as ``"orders.>"``; "" for all. The one to publish to.
        start: Where a new group begins: ``"oldest"`` or ``"newest"``.
        decode: ``"json"``, ``"text"``, or a function of the data's bytes that returns a row or other data.
        decode_key: The same for keys. Table keys that are numbers need ``"json"``.
        key: Column of a stream's rows that takes the key; a table's key column takes it anyway.
        on_error: ``"stop"`` at a message that can't be used, or ``"skip"`` it.
        config: More arguments of ``nats.connect``, such as ``{"user_credentials": "feed.creds"}``.

    Raises:
        ConfigError: If an option is not usable, or nats-py is not installed.
    """
    one_of("start", start, ("oldest", "newest"))
    library = need("nats", "nats")
    if not _GROUP.fullmatch(group):
        raise ConfigError(f"group is {group!r}: use letters, digits, '_', '-' and '='")

    for server in url.split(","):
        _check_address(server)
    servers = cycle(url.split(","))  # one at a time is tried where nothing reconnects by itself

    async def note_error(error: Exception) -> None:
        log.debug("NATS: %s", type(error).__name__)

    async def connect() -> Any:
        options = {"allow_reconnect": False, "error_cb": note_error, **(config or {})}
        return await library.connect(next(servers), **options)

    async def open_reader(tell: Tell) -> NatsReader:
        return await NatsReader(connect, stream, subject, group, start).open()

    async def open_writer() -> NatsWriter:
        if not subject or "*" in subject or ">" in subject:
            raise ConfigError(f"subject is {subject!r}: to write, name one without wildcards")
        try:
            async with asyncio.timeout(ANSWER_S):
                return NatsWriter(await connect(), subject)
        except (library.errors.Error, OSError, TimeoutError) as error:
            raise SourceAwayError(f"NATS is away: {type(error).__name__}") from None

    reading = Reading(decode, decode_key, key, on_error)
    return Connector(f"NATS stream {stream!r}", open_reader, reading, open_writer, group)


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its text repeats the port, which may be a password
        is_one = False
    if not is_one:
        raise ConfigError("the address of NATS is not one: use a form such as 'nats://127.0.0.1:4222'")
