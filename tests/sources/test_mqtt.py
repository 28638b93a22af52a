"""MQTT, on a real mosquitto."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import pytest

from rtwidgets.errors import ConfigError
from rtwidgets.sources import mqtt

from ..client.hub_process import HubProcess
from .conftest import Join, StartFeed, Watch, in_order, rows, send_out_and_back, wait_for
from .mosquitto import Mosquitto


@pytest.fixture(scope="module")
def broker(need_program: Callable[..., str]) -> Iterator[Mosquitto]:
    with Mosquitto(need_program("mosquitto")) as broker:
        yield broker


def send(broker: Mosquitto, topic: str, *values: object, qos: int = 1) -> None:
    broker.send(topic, *(json.dumps(value).encode() for value in values), qos=qos)


def subscribe(broker: Mosquitto, join: Join, topic: str, group: str) -> None:
    """Let the broker know the session, so that it keeps what comes while nobody reads."""
    hub = join()
    feed = hub.run(mqtt(broker.url, topic=topic, group=group), into=hub.event(f"first-{group}"))
    wait_for(lambda: feed.status == "running", said=lambda: feed.status)
    feed.stop()


def test_values_arrive_in_order_also_those_from_before_we_were_there(
    broker: Mosquitto, join: Join, watch: Watch
) -> None:
    subscribe(broker, join, "order", "order")
    send(broker, "order", *rows(0, 1200))
    hub, watcher = join(), watch("stream:order")
    feed = hub.run(mqtt(broker.url, topic="order", group="order"), into=hub.stream("order"))
    wait_for(lambda: len(watcher.column("n")) == 1200, said=lambda: feed.status)
    assert watcher.column("n") == list(range(1200)) and len(watcher.seen) < 200
    assert set(watcher.column("topic")) == {"order"}
    wait_for(lambda: feed.source.published == 1200)
    feed.stop()
    assert feed.status == "stopped"
    # All of them are acknowledged: what comes next is the first that comes.
    send(broker, "order", {"n": 1200})
    hub.run(mqtt(broker.url, topic="order", group="order"), into=hub.stream("order"))
    wait_for(lambda: 1200 in watcher.column("n"))
    assert in_order(watcher.column("n"), 1201) == 0


def test_topics_are_the_keys_of_a_table_and_an_empty_payload_removes(broker: Mosquitto, join: Join) -> None:
    hub = join()
    table = hub.table("sensors", key="topic")
    broker.send("sensors/a", b"20.5", retain=True)
    feed = hub.run(mqtt(broker.url, topic="sensors/#", group="sensors"), into=table)
    wait_for(lambda: table.rows() == [{"topic": "sensors/a", "value": 20.5}], said=lambda: feed.status)
    broker.send("sensors/b", b'{"value": 21, "unit": "C"}')
    broker.send("sensors/a", b"", retain=True)
    wait_for(lambda: [row["topic"] for row in table.rows()] == ["sensors/b"], said=lambda: feed.status)


def test_killed_feed_loses_nothing_and_repeats_one_batch_at_most(
    broker: Mosquitto, join: Join, watch: Watch, start_feed: StartFeed
) -> None:
    subscribe(broker, join, "killed", "killed")
    watcher = watch("stream:killed")
    feed = start_feed(kind="mqtt", channel="stream:killed", url=broker.url, topic="killed", group="killed")
    for start in range(0, 3000, 500):
        send(broker, "killed", *rows(start, start + 500))
        if start == 1500:
            wait_for(lambda: watcher.seen, said=lambda: feed.log)
            feed.kill()
            feed.start()
    wait_for(lambda: 2999 in watcher.column("n"), said=lambda: (feed.log, len(watcher.seen)))
    assert in_order(watcher.column("n"), 3000) <= 500
    assert feed.terminate() == 0, feed.log


def test_feed_goes_on_when_the_hub_comes_back(
    broker: Mosquitto, join: Join, watch: Watch, own_hub: HubProcess
) -> None:
    hub, watcher = join(own_hub), watch("stream:back", own_hub)
    feed = hub.run(mqtt(broker.url, topic="back", group="back"), into=hub.stream("back"))
    wait_for(lambda: feed.status == "running")
    send(broker, "back", {"n": 0})
    wait_for(lambda: watcher.column("n") == [0], said=lambda: feed.status)
    own_hub.kill()
    # More than the broker sends without acknowledgement, and of some that need none.
    send(broker, "back", *rows(1, 600))
    send(broker, "back", *rows(600, 620), qos=0)
    send(broker, "back", {"n": 620})
    wait_for(lambda: hub.status()["waiting_items"], said=lambda: feed.status)
    assert feed.source.published == 1
    own_hub.start()
    wait_for(lambda: 620 in watcher.column("n"), said=lambda: feed.status)
    assert set(watcher.column("n")) == set(range(621))


def test_what_the_hub_refuses_is_not_acknowledged(broker: Mosquitto, join: Join, watch: Watch) -> None:
    subscribe(broker, join, "refused", "refused")
    send(broker, "refused", *rows(0, 10))
    source = mqtt(broker.url, topic="refused", group="refused")
    stranger = join(owner=False, caps={"*": ["subscribe"]})
    feed = stranger.run(source, into=stranger.stream("refused"))
    wait_for(lambda: feed.status.startswith("failed: PermissionDeniedError"), said=lambda: feed.status)
    hub, watcher = join(), watch("stream:refused")
    hub.run(source, into=hub.stream("refused"))
    wait_for(lambda: watcher.column("n") == list(range(10)))


def test_feed_says_that_the_broker_is_away_and_goes_on_after_that(
    broker: Mosquitto, join: Join, watch: Watch
) -> None:
    hub, watcher = join(), watch("stream:away")
    feed = hub.run(mqtt(broker.url, topic="away", group="away"), into=hub.stream("away"))
    wait_for(lambda: feed.status == "running")
    send(broker, "away", {"n": 0})
    wait_for(lambda: watcher.column("n") == [0] and feed.source.published == 1)
    broker.stop()
    wait_for(lambda: feed.status.startswith("waiting: the MQTT broker is away"), said=lambda: feed.status)
    broker.start()
    send(broker, "away", *rows(1, 10))
    # That the first was acknowledged, the broker may not have heard before it ended.
    wait_for(lambda: 9 in watcher.column("n"), said=lambda: (feed.status, watcher.column("n")))
    assert in_order(watcher.column("n"), 10) <= 1
    wait_for(lambda: feed.status == "running")


def test_broker_that_refuses_us_ends_the_feed_with_the_reason(
    need_program: Callable[..., str], join: Join
) -> None:
    with Mosquitto(need_program("mosquitto"), for_anybody=False) as guarded:
        hub = join()
        feed = hub.run(mqtt(guarded.url, topic="a", group="g"), into=hub.event("guarded"))
        wait_for(lambda: "refuses: Not authorized" in feed.status, said=lambda: feed.status)
        assert feed.status.startswith("failed: SourceError")


def test_stream_goes_out_and_comes_back(broker: Mosquitto, join: Join) -> None:
    subscribe(broker, join, "trip", "trip")
    topic = mqtt(broker.url, topic="trip", group="trip", key="")
    send_out_and_back(join(), topic, topic, "mqtt", "trip")


def test_rows_of_a_table_are_topics_of_which_the_broker_keeps_the_last(broker: Mosquitto, join: Join) -> None:
    hub = join()
    sent, returned = hub.table("mqtt-out", key="id"), hub.table("mqtt-back", key="topic")
    sent.upsert(id=["a", "b"], n=[1, 2])
    feed = hub.run(sent, into=mqtt(broker.url, topic="rows", group="g"))
    wait_for(lambda: feed.source.written == 2, said=lambda: feed.status)
    hub.run(mqtt(broker.url, topic="rows/#", group="rows"), into=returned)
    wait_for(lambda: len(returned.rows()) == 2)
    sent.remove("a")
    wait_for(lambda: returned.rows() == [{"topic": "rows/b", "id": "b", "n": 2}], said=returned.rows)


def test_writing_needs_one_topic(broker: Mosquitto, join: Join) -> None:
    hub = join()
    feed = hub.run(hub.event("wild"), into=mqtt(broker.url, topic="a/#", group="g"))
    wait_for(lambda: "name one without wildcards" in feed.status)


def test_wrong_options_are_told_at_once(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://:hunter2@a", "mqtt://", "mqtt://a:hunter2"):
        with pytest.raises(ConfigError, match="use a form such as 'mqtt://") as caught:
            mqtt(url, topic="t", group="g")
        assert "hunter2" not in str(caught.value)
    for topic in ("", "a/#/b", "a+/b"):
        with pytest.raises(ConfigError, match="topic is "):
            mqtt("mqtt://a", topic=topic, group="g")
    for topic in ("#", "+", "/a", "a//b", "a/", "+/+/#"):
        mqtt("mqtt://a", topic=topic, group="g")
    with pytest.raises(ConfigError, match="group is empty"):
        mqtt("mqtt://a", topic="t", group="")
    assert "hunter2" not in repr(mqtt("mqtt://a:hunter2@127.0.0.1", topic="t", group="g"))
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(ConfigError, match=r"pip install 'rtwidgets\[mqtt\]'"):
        mqtt("mqtt://127.0.0.1", topic="t", group="g")
