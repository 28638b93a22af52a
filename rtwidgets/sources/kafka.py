"""Kafka topics, read by a consumer group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ..errors import ConfigError, SourceAwayError, SourceError
from .connector import BATCH, Connector, Reading, Tell
from .extras import need
from .pulls import Message
from .records import Decode, OnError, Record, Start, one_of

T = TypeVar("T")

POLL_S = 0.5
PROBE_S = 2.0
SETTINGS = {
    "enable.auto.commit": False,
    "allow.auto.create.topics": False,
    # Who was killed is missed after this; before that nobody else gets its partitions.
    "session.timeout.ms": 10_000,
    "queued.max.messages.kbytes": 16_384,
    # Otherwise nothing is fetched for a second when that much is waiting.
    "fetch.queue.backoff.ms": 50,
}
WRITING = {"enable.idempotence": True, "message.timeout.ms": 10_000, "linger.ms": 0}
# Settings that belong to a consumer, which a producer warns of.
READING_ONLY = ("session.timeout.ms", "heartbeat.interval.ms", "group.instance.id", "max.poll.interval.ms")
# The group gave our partitions to somebody else, who reads on from what was committed.
LOST = ("ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "_ASSIGNMENT_LOST", "_NO_OFFSET")
# What no second try mends.
FINAL = (
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "SASL_AUTHENTICATION_FAILED",
    "_AUTHENTICATION",
    "FENCED_INSTANCE_ID",
    "_FATAL",
)


class KafkaReader:
    """A member of a consumer group. The library blocks, so all of its calls are made on one thread.

    Args:
        settings: Of librdkafka.
        topic: The topic to read.
        start: Where a group begins that has read nothing of a partition yet.
        tell: Takes a problem.
    """

    def __init__(self, settings: dict[str, Any], topic: str, start: Start, tell: Tell) -> None:
        self._library = need("confluent_kafka", "kafka")
        self._topic = topic
        self._start = start
        self._tell = tell
        self._has_problem = False
        self._held = False
        self._early: list[Any] = []
        self._thread = ThreadPoolExecutor(1, "rtwidgets-kafka")
        self._consumer = self._library.Consumer({**settings, "error_cb": self._on_error})
        self._consumer.subscribe([topic], on_assign=self._on_assign)

    async def take(self) -> list[Record]:
        """Return what has come, at most a batch."""
        return await self._call(self._take)

    async def commit(self, records: list[Record]) -> None:
        """Commit the offset behind the last record of each partition, and wait until that is done."""
        await self._call(lambda: self._commit(dict(record.mark for record in records)))

    async def hold(self) -> None:
        """Stay a member of the group and let nothing more come."""
        await self._call(self._hold)

    async def close(self) -> None:
        """Leave the group."""
        await self._call(self._consumer.close)
        self._thread.shutdown(wait=False)

    async def _call(self, fn: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, fn)
        except self._library.KafkaException as fault:
            self._check(fault.args[0])
            raise SourceAwayError(f"Kafka is away: {fault.args[0].str()}") from None

    def _take(self) -> list[Record]:
        if self._held:
            self._consumer.resume(self._consumer.assignment())
            self._held = False
        messages, self._early = self._early, []
        if not messages:
            first = self._consumer.poll(POLL_S)
            messages = [first] if first is not None else []
        messages += self._consumer.consume(BATCH - len(messages), 0)
        records = [record for message in messages if (record := self._record(message)) is not None]
        if not records and self._has_problem:
            self._probe()
        return records

    def _record(self, message: Any) -> Record | None:
        if message.error() is not None:
            self._on_error(message.error())
            return None
        partition, offset = message.partition(), message.offset()
        kind, time_ms = message.timestamp()
        return Record(
            mark=(partition, offset + 1),
            place=f"topic {self._topic!r}, partition {partition}, offset {offset}",
            value=message.value(),
            key=message.key(),
            time=time_ms / 1000 if kind != self._library.TIMESTAMP_NOT_AVAILABLE else None,
        )

    def _commit(self, behind: dict[int, int]) -> None:
        offsets = [self._library.TopicPartition(self._topic, *found) for found in behind.items()]
        try:
            errors = [done.error for done in self._consumer.commit(offsets=offsets, asynchronous=False)]
        except self._library.KafkaException as fault:
            errors = [fault.args[0]]
        for error in filter(None, errors):
            if error.name() not in LOST:
                self._check(error)
                raise SourceAwayError(f"offsets can't be committed: {error.str()}")

    def _hold(self) -> None:
        # Partitions that come to us meanwhile may bring a message before they are paused, too.
        self._held = True
        self._consumer.pause(self._consumer.assignment())
        message = self._consumer.poll(0)
        if message is not None and message.error() is None:
            self._early.append(message)

    def _probe(self) -> None:
        try:
            found = self._consumer.list_topics(self._topic, PROBE_S).topics[self._topic]
        except self._library.KafkaException:
            return
        if found.error is None:
            self._has_problem = False
            self._tell("")

    def _on_assign(self, consumer: Any, partitions: list[Any]) -> None:
        if self._start == "oldest":
            return  # what librdkafka does by itself
        # Committed at once: after a crash "newest" would be what came since.
        for partition in consumer.committed(partitions, 10.0):
            if partition.offset < 0:
                partition.offset = consumer.get_watermark_offsets(partition, 10.0)[1]
                consumer.commit(offsets=[partition], asynchronous=False)
        consumer.assign(consumer.committed(partitions, 10.0))

    def _on_error(self, error: Any) -> None:
        self._check(error)
        self._has_problem = True
        self._tell(error.str())

    def _check(self, error: Any) -> None:
        if error.fatal() or error.name() in FINAL:
            raise SourceError(f"Kafka refuses: {error.str()}")


class KafkaWriter:
    """A producer whose messages are all on the broker, in order, when `write` returns."""

    def __init__(self, settings: dict[str, Any], topic: str) -> None:
        self._library = need("confluent_kafka", "kafka")
        self._producer = self._library.Producer(settings)
        self._topic = topic

    async def write(self, messages: list[Message]) -> None:
        """Write messages; the broker tells one that is sent again from a new one."""
        await asyncio.to_thread(self._write, messages)

    async def close(self) -> None:
        """Forget what is not on its way yet."""
        self._producer.purge()

    def _write(self, messages: list[Message]) -> None:
        failed: list[Any] = []

        def delivered(error: Any, message: Any) -> None:
            if error is not None:
                failed.append(error)

        for message in messages:
            self._producer.produce(self._topic, message.value, message.key or None, on_delivery=delivered)
        self._producer.flush()
        for error in failed:
            if error.fatal() or error.name() in FINAL:
                raise SourceError(f"Kafka refuses: {error.str()}")
            raise SourceAwayError(f"Kafka is away: {error.str()}")


def kafka(
    servers: str,
    *,
    topic: str,
    group: str,
    start: Start = "oldest",
    decode: Decode = "json",
    decode_key: Decode = "text",
    key: str = "",
    on_error: OnError = "stop",
    config: Mapping[str, Any] | None = None,
) -> Connector:
    """Return a Kafka topic, to read with ``hub.run(topic, into=channel)`` or write the other way round.

    Offsets are committed when the hub has published what was read. A message without a value removes the row
    of its key from a table.

    Args:
        servers: ``"host:port"`` of brokers, with commas between.
        topic: The topic to read.
        group: The consumer group that reads it; members of one group share its partitions.
        start: Where a group begins that has read nothing yet: ``"oldest"`` or ``"newest"``.
        decode: ``"json"``, ``"text"``, or a function of a value's bytes that returns a row or other data.
        decode_key: The same for keys. Table keys that are numbers need ``"json"``.
        key: Column of a stream's rows that takes the key; a table's key column takes it anyway.
        on_error: ``"stop"`` at a message that can't be used, or ``"skip"`` it.
        config: More settings of librdkafka, such as ``{"security.protocol": "SASL_SSL"}``.

    Raises:
        ConfigError: If an option is not usable, or confluent-kafka is not installed.
    """
    one_of("start", start, ("oldest", "newest"))
    # What goes wrong is said by `problem` rather than by librdkafka on stderr.
    servers_only = {"bootstrap.servers": servers, "log_level": 0}
    library = need("confluent_kafka", "kafka")
    offset = {"auto.offset.reset": "earliest" if start == "oldest" else "latest"}
    settings = {**servers_only, "group.id": group, **SETTINGS, **offset, **(config or {})}

    async def open_reader(tell: Tell) -> KafkaReader:
        return KafkaReader(settings, topic, start, tell)

    async def open_writer() -> KafkaWriter:
        own = {name: value for name, value in (config or {}).items() if name not in READING_ONLY}
        return KafkaWriter({**servers_only, **WRITING, **own}, topic)

    try:
        library.Consumer(settings).close()
    except library.KafkaException as error:
        raise ConfigError(f"Kafka settings: {error.args[0].str()}") from None
    reading = Reading(decode, decode_key, key, on_error)
    return Connector(f"Kafka topic {topic!r}", open_reader, reading, open_writer, group)
