"""Channels that somebody only asks for take no room."""

from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.core import Limits, Namespace

from .model_archive import ModelArchive
from .model_broker import ModelBroker
from .peers import Peer, make_hub

READER: Any = {"*": ["subscribe", "history", "presence"]}
NAMES = {"seen": Namespace(history_size=10, presence=True, recover=True, archive=True)}


@pytest.fixture(params=["memory", "archive", "broker"])
def hub_and_work(request: pytest.FixtureRequest) -> Any:
    limits, names = Limits(channels=3, channels_per_connection=1), NAMES
    if request.param == "memory":
        return make_hub(namespaces=names, limits=limits), lambda: None
    if request.param == "archive":
        archive = ModelArchive()
        return make_hub(namespaces=names, limits=limits, archive=archive), archive.work
    broker = ModelBroker()
    port = broker.join(make_hub(namespaces=names, limits=limits, broker=broker))
    return port.hub, port.work


def test_names_that_nobody_publishes_to_take_no_room(hub_and_work: Any) -> None:
    hub, work = hub_and_work
    reader = Peer(hub, caps=READER).connect()
    for number in range(10):
        name, chat = f"seen:{number}", f"chat:{number}"
        for request in (
            {"history": {"channel": name, "limit": 5}},
            {"presence": {"channel": name}},
            {"presence_stats": {"channel": name}},
            {"rpc": {"method": "rtwidgets.history", "data": {"channel": name}}},
            {"rpc": {"method": "rtwidgets.messages", "data": {"channel": chat}}},
            {"subscribe": {"channel": name}},
            {"unsubscribe": {"channel": name}},
        ):
            reader.send({"id": 1_000, **request})
            work()
            (answer,) = (message for message in reader.messages() if message.get("id") == 1_000)
            assert "error" not in answer
        reader.send({"id": 1_001, "publish": {"channel": name, "data": 1}})
    # Nor does what is refused, nor what a connection leaves behind that ends.
    reader.send({"id": 1, "subscribe": {"channel": "seen:stays"}})
    work()
    for number in range(10):
        reader.send({"id": 2, "subscribe": {"channel": f"seen:{number}"}})
        work()
        assert reader.messages()[-1]["error"]["code"] == 106
        assert list(hub.channels) == ["seen:stays"]
    reader.connection.end(2.0)
    assert not hub.channels and not hub.refused["channels"]


def test_demand_that_nobody_wants_to_know_any_more_takes_no_room() -> None:
    hub = make_hub(namespaces=NAMES)
    peer = Peer(hub).connect()
    peer.rpc("rtwidgets.demand", channel="seen:a")
    assert list(hub.channels) == ["seen:a"]
    peer.connection.end(2.0)
    assert not hub.channels


def test_who_was_there_before_anything_was_published_misses_nothing(hub_and_work: Any) -> None:
    hub, work = hub_and_work
    early, writer = Peer(hub).connect(), Peer(hub, "bob").connect()

    def subscribe(peer: Peer, **options: Any) -> dict[str, Any]:
        peer.send({"id": 1, "subscribe": {"channel": "seen:a", **options}})
        work()
        found: dict[str, Any] = peer.messages()[0]["subscribe"]
        return found

    epoch = subscribe(early)["epoch"]
    early.connection.end(1.0)
    assert "seen:a" not in hub.channels
    for number in range(3):
        writer.send({"id": number + 1, "publish": {"channel": "seen:a", "data": number}})
    work()
    back = subscribe(Peer(hub).connect(), recover=True, epoch=epoch, offset=0)
    assert back["recovered"] and [pub["data"] for pub in back["publications"]] == [0, 1, 2]


def test_a_channel_that_had_something_comes_back_with_another_epoch() -> None:
    hub = make_hub(namespaces=NAMES)
    epochs = set()
    for life in range(3):
        channel = hub.channel("seen:a")
        epochs.add(channel.log.epoch)
        channel.publish(b"1", now=1.0)
        hub.tick(10_000.0 * (life + 1))
        assert "seen:a" not in hub.channels
        other = hub.channel("seen:b")
        assert other.log.epoch not in epochs
        hub.let_go(other)
    assert len(epochs) == 3


def test_a_user_makes_so_many_sessions() -> None:
    hub = make_hub(limits=Limits(sessions_per_user=2))
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    answers = [ann.rpc("rtwidgets.session", session=name) for name in ("a", "b", "c", "b")]
    assert ["error" in answer for answer in answers] == [False, False, True, False]
    assert answers[2]["error"]["code"] == 106 and hub.refused["sessions_per_user"] == 1
    assert "error" not in bob.rpc("rtwidgets.session", session="c")
    free = Peer(make_hub(limits=Limits(sessions_per_user=0))).connect()
    assert not [n for n in range(150) if "error" in free.rpc("rtwidgets.session", session=f"s{n}")]
