"""Kafka, on librdkafka's mock broker; with RTWIDGETS_TEST_KAFKA=host:port on a real one."""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from rtwidgets.errors import ConfigError
from rtwidgets.sources import kafka

from ..client.hub_process import HubProcess
from .conftest import (
    Join,
    StartFeed,
    Watch,
    in_order,
    rows,
    send_out_and_back,
    send_table_out_and_back,
    wait_for,
)
from .mock_kafka import MockKafka

REAL = os.environ.get("RTWIDGETS_TEST_KAFKA", "")
NO_OFFSET = -1001
# A member that was killed is missed sooner, and a broker that is back is found sooner.
QUICK = {
    "session.timeout.ms": 6000 if REAL else 1000,
    "heartbeat.interval.ms": 300,
    "reconnect.backoff.max.ms": 500,
}


class Broker:
    """Topics to write to, and what a group has committed."""

    def __init__(self) -> None:
        self.mock = None if REAL else MockKafka()
        self.servers = REAL if self.mock is None else self.mock.servers
        self._where = {"bootstrap.servers": self.servers, "log_level": 0}
        self._producer = Producer({**self._where, "reconnect.backoff.max.ms": 500})

    def topic(self) -> str:
        name = f"t-{uuid.uuid4().hex[:8]}"
        if self.mock is not None:
            self.mock.create(name)
        else:
            admin = AdminClient(self._where)
            admin.create_topics([NewTopic(name, 1, 1)])[name].result(10)
        return name

    def send(self, topic: str, *values: object, key: str | None = None) -> None:
        for value in values:
            data = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
            self._producer.produce(topic, data, key=key, partition=0)
        assert self._producer.flush(20) == 0

    def committed(self, topic: str) -> int:
        consumer = Consumer({**self._where, "group.id": topic})
        try:
            return int(consumer.committed([TopicPartition(topic, 0)], 10)[0].offset)
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    broker = Broker()
    yield broker
    if broker.mock is not None:
        broker.mock.close()


def test_values_arrive_in_order_and_are_committed_after_that(
    broker: Broker, join: Join, watch: Watch
) -> None:
    topic = broker.topic()
    broker.send(topic, *rows(0, 1200))
    hub, watcher = join(), watch("stream:order")
    feed = hub.run(kafka(broker.servers, topic=topic, group=topic), into=hub.stream("order"))
    wait_for(lambda: len(watcher.column("n")) == 1200, said=lambda: feed.status)
    assert watcher.column("n") == list(range(1200))
    wait_for(lambda: broker.committed(topic) == 1200)
    # What was said when is the row's time, and what was read at once is one publication.
    assert len(watcher.seen) < 100 and feed.source.published == 1200
    feed.stop()
    assert feed.status == "stopped"


def test_message_without_a_value_removes_the_row_of_its_key(broker: Broker, join: Join) -> None:
    topic = broker.topic()
    broker.send(topic, {"id": "a", "n": 1}, key="a")
    broker.send(topic, {"n": 2}, key="b")
    broker.send(topic, None, key="a")
    broker.send(topic, {"m": 3}, key="b")
    hub = join()
    table = hub.table("by_key", key="id")
    feed = hub.run(kafka(broker.servers, topic=topic, group=topic), into=table)
    wait_for(lambda: table.rows() == [{"id": "b", "n": 2, "m": 3}], said=lambda: (feed.status, table.rows()))


def test_killed_feed_loses_nothing_and_repeats_one_batch_at_most(
    broker: Broker, watch: Watch, start_feed: StartFeed
) -> None:
    topic = broker.topic()
    watcher = watch("stream:killed")
    settings = {"kind": "kafka", "servers": broker.servers, "topic": topic, "group": topic, "config": QUICK}
    feed = start_feed(channel="stream:killed", **settings)
    for start in range(0, 4000, 100):
        broker.send(topic, *rows(start, start + 100))
        if start == 2000:
            wait_for(lambda: watcher.seen, said=lambda: feed.log)
            feed.kill()
            feed.start()
    wait_for(lambda: 3999 in watcher.column("n"), said=lambda: (feed.log, len(watcher.seen)))
    repeats = in_order(watcher.column("n"), 4000)
    assert repeats <= 500
    wait_for(lambda: broker.committed(topic) == 4000)
    assert feed.terminate() == 0, feed.log


def test_feed_goes_on_when_the_hub_comes_back_and_commits_nothing_meanwhile(
    broker: Broker, join: Join, watch: Watch, own_hub: HubProcess
) -> None:
    topic = broker.topic()
    hub, watcher = join(own_hub), watch("stream:back", own_hub)
    # Who does not ask for so long would lose its partitions.
    config = {**QUICK, "max.poll.interval.ms": 6000 if REAL else 1500}
    feed = hub.run(kafka(broker.servers, topic=topic, group=topic, config=config), into=hub.stream("back"))
    broker.send(topic, *rows(0, 10))
    wait_for(lambda: len(watcher.column("n")) == 10, said=lambda: feed.status)
    wait_for(lambda: broker.committed(topic) == 10)
    own_hub.kill()
    broker.send(topic, *rows(10, 20))
    wait_for(lambda: hub.status()["waiting_items"], said=lambda: feed.status)
    patience_s = time.monotonic() + config["max.poll.interval.ms"] / 1000 + 1
    wait_for(lambda: time.monotonic() > patience_s)
    assert (broker.committed(topic), feed.status) == (10, "running")
    own_hub.start()
    wait_for(lambda: 19 in watcher.column("n"), said=lambda: feed.status)
    wait_for(lambda: broker.committed(topic) == 20)
    assert in_order(watcher.column("n"), 20) == 0


def test_what_the_hub_refuses_is_not_committed(broker: Broker, join: Join) -> None:
    topic = broker.topic()
    broker.send(topic, *rows(0, 10))
    hub = join(owner=False, caps={"*": ["subscribe"]})
    feed = hub.run(kafka(broker.servers, topic=topic, group=topic), into=hub.stream("refused"))
    wait_for(lambda: feed.status.startswith("failed: PermissionDeniedError"), said=lambda: feed.status)
    assert broker.committed(topic) == NO_OFFSET


@pytest.mark.skipif(bool(REAL), reason="that broker is not ours to stop")
def test_feed_says_that_the_broker_is_away_and_goes_on_after_that(
    broker: Broker, join: Join, watch: Watch
) -> None:
    assert broker.mock is not None
    topic = broker.topic()
    hub, watcher = join(), watch("stream:away")
    feed = hub.run(kafka(broker.servers, topic=topic, group=topic, config=QUICK), into=hub.stream("away"))
    broker.send(topic, *rows(0, 10))
    wait_for(lambda: len(watcher.column("n")) == 10 and broker.committed(topic) == 10)
    broker.mock.stop()
    wait_for(lambda: feed.status.startswith("waiting: "))
    broker.mock.start()
    wait_for(lambda: feed.status == "running")
    broker.send(topic, *rows(10, 20))
    wait_for(lambda: watcher.column("n") == list(range(20)), said=lambda: watcher.column("n"))
    wait_for(lambda: broker.committed(topic) == 20)


def test_newest_begins_with_what_comes_and_remembers_where_that_was(
    broker: Broker, join: Join, watch: Watch
) -> None:
    topic = broker.topic()
    broker.send(topic, *rows(0, 10))
    hub, watcher = join(), watch("stream:newest")
    source = kafka(broker.servers, topic=topic, group=topic, start="newest", config=QUICK)
    feed = hub.run(source, into=hub.stream("newest"))
    wait_for(lambda: broker.committed(topic) == 10, said=lambda: feed.status)
    feed.stop()
    broker.send(topic, *rows(10, 20))
    hub.run(source, into=hub.stream("newest"))
    wait_for(lambda: watcher.column("n") == list(range(10, 20)))


def test_bad_message_is_named_by_its_place(broker: Broker, start_feed: StartFeed) -> None:
    topic = broker.topic()
    broker.send(topic, {"n": 0}, b"{secret", {"n": 1})
    settings = {"kind": "kafka", "servers": broker.servers, "topic": topic, "group": topic}
    feed = start_feed(channel="stream:bad", **settings)
    assert feed.wait() == 1
    assert f"topic {topic!r}, partition 0, offset 1 of Kafka topic {topic!r} can't be used" in feed.log
    assert "secret" not in feed.log
    # The first may have been read alone.
    assert broker.committed(topic) in (NO_OFFSET, 1)


def test_stream_and_table_go_out_and_come_back(broker: Broker, join: Join) -> None:
    hub = join()
    first, second = (
        kafka(broker.servers, topic=topic, group=topic, config=QUICK)
        for topic in (broker.topic(), broker.topic())
    )
    send_out_and_back(hub, first, first, "kafka", first._group)
    send_table_out_and_back(hub, second, second, "kafka")


def test_wrong_options_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r'No such configuration property: "speed"'):
        kafka("127.0.0.1:1", topic="t", group="g", config={"speed": 1})
    with pytest.raises(ConfigError, match="use 'oldest' or 'newest'"):
        kafka("127.0.0.1:1", topic="t", group="g", start="middle")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(ConfigError, match=r"pip install 'rtwidgets\[kafka\]'"):
        kafka("127.0.0.1:1", topic="t", group="g")
