"""MQTT topics, read in a session that the broker keeps, with acknowledgements of our own."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import ConfigError, SourceAwayError, SourceError
from .connector import BATCH, Connector, Reading, Tell
from .extras import need
from .pulls import Message
from .records import Decode, OnError, Record

ANSWER_S = 10.0
KEEPALIVE_S = 60
WAIT_S = 1.0
# How long the broker keeps messages for a reader that is away.
SESSION_S = 7 * 86_400
# Nothing more is read from the socket then. Messages of QoS 0 need no acknowledgement, and some brokers send
# more of QoS 1 than `ReceiveMaximum` (mosquitto 2.0.11).
MAX_WAITING = 2 * BATCH
_TOPIC = re.compile(r"(?:(?:\+|[^+#/]*)/)*(?:#|\+|[^+#/]*)")
PORTS = {"mqtt": 1883, "mqtts": 8883}
SEND_RETAINED_TO_NEW_SUBSCRIPTION = 1


class MqttReader:
    """One connection of a session. The library calls back on a thread of its own.

    What is not acknowledged when the connection ends comes again with the next one.

    Args:
        make_client: Makes a client of paho-mqtt, without callbacks.
        address: Host and port.
        topic: What to subscribe to, wildcards allowed.
    """

    def __init__(self, make_client: Callable[[], Any], address: tuple[str, int], topic: str) -> None:
        self._client = make_client()
        self._address = address
        self._topic = topic
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Any] = deque()
        self._room = threading.Condition()
        self._changed = asyncio.Event()
        self._granted: asyncio.Future[None] = self._loop.create_future()
        self._end: Exception | None = None

    async def open(self) -> MqttReader:
        """Connect, go on with the session, and subscribe."""
        client = self._client
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        try:
            await asyncio.to_thread(self._connect)
            async with asyncio.timeout(ANSWER_S):
                await self._granted
        except (OSError, TimeoutError) as error:
            await self.close()
            raise SourceAwayError(f"the MQTT broker is away: {type(error).__name__}") from None
        except SourceError:
            await self.close()
            raise
        return self

    async def take(self) -> list[Record]:
        """Return what has come, at most a batch."""
        self._changed.clear()
        if not self._waiting and self._end is None:
            try:
                await asyncio.wait_for(self._changed.wait(), WAIT_S)
            except TimeoutError:
                return []
        if self._end is not None:
            raise self._end
        with self._room:
            messages = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._room.notify_all()
        return [
            Record(
                mark=(message.mid, message.qos),
                place=f"a message on topic {message.topic!r}",
                value=message.payload or None,
                key=message.topic.encode(),
            )
            for message in messages
        ]

    async def commit(self, records: list[Record]) -> None:
        """Acknowledge messages; where the connection has ended they come again."""
        for record in records:
            self._client.ack(*record.mark)

    async def hold(self) -> None:
        """Do nothing: the broker sends no more than so many that are not acknowledged."""

    async def close(self) -> None:
        """End the connection and leave the session with the broker."""
        with self._room:
            self._end = self._end or SourceAwayError("the connection was closed")
            self._room.notify_all()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    # on the library's thread ---------------------------------------------------------

    def _connect(self) -> None:
        properties = need("paho.mqtt.properties", "mqtt")
        kinds = need("paho.mqtt.packettypes", "mqtt").PacketTypes
        wish = properties.Properties(kinds.CONNECT)
        wish.SessionExpiryInterval = SESSION_S
        wish.ReceiveMaximum = BATCH
        self._client.connect(*self._address, KEEPALIVE_S, clean_start=False, properties=wish)
        self._client.loop_start()

    def _on_connect(self, client: Any, _: object, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._fail(SourceError(f"the MQTT broker refuses: {reason}"))
            return
        options = need("paho.mqtt.subscribeoptions", "mqtt").SubscribeOptions(
            qos=1, retainHandling=SEND_RETAINED_TO_NEW_SUBSCRIPTION
        )
        client.subscribe(self._topic, options=options)

    def _on_subscribe(self, client: Any, _: object, mid: int, reasons: list[Any], properties: Any) -> None:
        if reasons[0].is_failure:
            self._fail(SourceError(f"the MQTT broker refuses topic {self._topic!r}: {reasons[0]}"))
        else:
            self._in_loop(self._grant)

    def _on_message(self, client: Any, _: object, message: Any) -> None:
        with self._room:
            self._room.wait_for(lambda: len(self._waiting) < MAX_WAITING or self._end is not None)
            self._waiting.append(message)
        self._in_loop(self._grant)  # what the session had waiting comes before the answer to `subscribe`
        self._in_loop(self._changed.set)

    def _on_disconnect(self, client: Any, _: object, flags: Any, reason: Any, properties: Any) -> None:
        self._fail(SourceAwayError(f"the MQTT broker is away: {reason}"))

    def _fail(self, error: Exception) -> None:
        self._end = self._end or error
        self._in_loop(self._grant)
        self._in_loop(self._changed.set)

    def _in_loop(self, fn: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(fn)
        except RuntimeError:  # it ended in the meantime
            pass

    def _grant(self) -> None:
        if self._granted.done():
            return
        if self._end is not None:
            self._granted.set_exception(self._end)
        else:
            self._granted.set_result(None)


class MqttWriter:
    """Publishes to a topic, a table's rows each to a topic below it where the broker keeps the last."""

    def __init__(self, client: Any, address: tuple[str, int], topic: str) -> None:
        self._client = client
        self._address = address
        self._topic = topic

    async def write(self, messages: list[Message]) -> None:
        """Publish messages, and wait until the broker has acknowledged all."""
        await asyncio.to_thread(self._write, messages)

    async def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _write(self, messages: list[Message]) -> None:
        try:
            if not self._client.is_connected():
                self._client.connect(*self._address, KEEPALIVE_S)
                self._client.loop_start()
            sent = [
                self._client.publish(
                    f"{self._topic}/{message.key}" if message.key else self._topic,
                    message.value or b"",
                    qos=1,
                    retain=bool(message.key),
                )
                for message in messages
            ]
            deadline = time.monotonic() + ANSWER_S
            for message in sent:
                message.wait_for_publish(max(0.0, deadline - time.monotonic()))
        except (OSError, RuntimeError) as error:
            raise SourceAwayError(f"the MQTT broker is away: {type(error).__name__}") from None
        if not all(message.is_published() for message in sent):
            raise SourceAwayError(f"the MQTT broker did not acknowledge in {ANSWER_S:g} s")


def mqtt(
    url: str,
    *,
    topic: str,
    group: str,
    decode: Decode = "json",
    key: str = "topic",
    on_error: OnError = "stop",
) -> Connector:
    """Return MQTT topics, to read with ``hub.run(topics, into=channel)``.

    ``hub.run(channel, into=topics)`` publishes to ``topic``, which is then one without wildcards; a table's
    rows each to a topic below it, where the broker keeps the last.

    Messages of QoS 1 are acknowledged when the hub has published them; the broker keeps them for a reader
    that is away, up to a week and as many as its own settings allow. Those of QoS 0 nobody keeps. A message's
    key is its topic; one without a payload removes the row of its key from a table.

    Args:
        url: ``mqtt://user:password@host:1883``, or ``mqtts://`` for TLS.
        topic: What to read, such as ``"sensors/+/temperature"`` or ``"sensors/#"``.
        group: Name of the session that the broker keeps, its client id; one process at a time reads for it.
        decode: ``"json"``, ``"text"``, or a function of a payload's bytes that returns a row or other data.
        key: Column of a stream's rows that takes the topic; a table's key column takes it anyway.
        on_error: ``"stop"`` at a message that can't be used, or ``"skip"`` it.

    Raises:
        ConfigError: If an option is not usable, or paho-mqtt is not installed.
    """
    library = need("paho.mqtt.client", "mqtt")
    try:
        parts = urlsplit(url)
        address = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        address = "", 0
    if not all(address) or parts.scheme not in PORTS:
        raise ConfigError("the address of MQTT is not one: use a form such as 'mqtt://127.0.0.1:1883'")
    if not topic or not _TOPIC.fullmatch(topic):
        raise ConfigError(f"topic is {topic!r}: use a form such as 'sensors/a', 'sensors/+/a' or 'sensors/#'")
    if not group:
        raise ConfigError(
            "group is empty: name the session, such as 'desk'; the broker keeps it by this name"
        )

    def make_client(client_id: str = group) -> Any:
        client = library.Client(
            library.CallbackAPIVersion.VERSION2,
            client_id,
            protocol=library.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = ANSWER_S
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set()
        return client

    async def open_reader(tell: Tell) -> MqttReader:
        return await MqttReader(make_client, address, topic).open()

    async def open_writer() -> MqttWriter:
        if "#" in topic or "+" in topic:
            raise ConfigError(f"topic is {topic!r}: to write, name one without wildcards")
        return MqttWriter(make_client(""), address, topic)

    reading = Reading(decode, "text", key, on_error)
    return Connector(f"MQTT topic {topic!r}", open_reader, reading, open_writer, group)
