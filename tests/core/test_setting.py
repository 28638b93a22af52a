from __future__ import annotations

from typing import Any

from rtwidgets.core import Hub, Limits

from .peers import Peer, make_hub, publications

NAME = "value:limit"


def set_value(peer: Peer, value: Any, **more: Any) -> dict[str, Any]:
    return peer.rpc("rtwidgets.set", channel=NAME, data=value, **more)


def version(reply: dict[str, Any]) -> int:
    found: int = reply["rpc"]["data"]["version"]
    return found


def snapshot(hub: Hub) -> dict[str, Any]:
    found: dict[str, Any] = Peer(hub).connect().ask(subscribe={"channel": NAME})["subscribe"]["data"]
    return found


def test_each_set_has_a_version_of_its_own_the_publications_offset() -> None:
    hub = make_hub()
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    assert bob.ask(subscribe={"channel": NAME})["subscribe"]["data"] == {"kind": "value"}
    assert [version(set_value(ann, n)) for n in (7, 8)] == [1, 2]
    assert [pub["offset"] for pub in publications(bob.messages(), NAME)] == [1, 2]


def test_snapshot_says_who_set_the_value_and_when() -> None:
    hub = make_hub()
    ann = Peer(hub).connect()
    set_value(ann, [1, 2])
    said = {"kind": "value", "value": [1, 2], "by": {"user": "ann", "name": "Ann"}, "time": 1000}
    assert snapshot(hub) == said
    ann.now = 5.0
    ann.ask(publish={"channel": NAME, "data": {"by": {"user": "root"}, "time": 9}})
    assert snapshot(hub) == {**said, "value": {"by": {"user": "root"}, "time": 9}, "time": 5000}


def test_a_default_is_nobodys() -> None:
    hub = make_hub()
    Peer(hub).connect().rpc("rtwidgets.declare", channel=NAME, default=100)
    assert snapshot(hub) == {"kind": "value", "value": 100, "time": 1000}


def test_of_those_who_set_one_version_the_first_gets_through() -> None:
    hub = make_hub()
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    assert version(set_value(ann, "ann's", if_version=0)) == 1
    late = set_value(bob, "bob's", if_version=0)
    assert late["error"]["code"] == 1005
    assert late["error"]["message"] == (
        "'value:limit' is not at version 0 any more, but at 1: \"ann's\", set by Ann"
    )
    assert snapshot(hub)["value"] == "ann's"
    assert version(set_value(bob, "bob's", if_version=1)) == 2


def test_a_version_of_another_life_of_the_hub_is_no_version() -> None:
    hub = make_hub()
    ann = Peer(hub).connect()
    epoch = set_value(ann, 1)["rpc"]["data"]["epoch"]
    assert set_value(ann, 2, if_version=1, epoch="before")["error"]["code"] == 1005
    assert version(set_value(ann, 2, if_version=1, epoch=epoch)) == 2


def test_the_present_value_is_said_shortened_and_only_to_who_may_read_it() -> None:
    hub = make_hub()
    ann = Peer(hub).connect()
    blind = Peer(hub, "bob", {NAME: frozenset(("publish",))}).connect()
    set_value(ann, "x" * 1000)
    assert set_value(blind, 0, if_version=0)["error"]["message"] == (
        "'value:limit' is not at version 0 any more, but at 1"
    )
    said = set_value(ann, 0, if_version=0)["error"]["message"]
    assert "xxx…" in said and len(said) < 300


def test_who_may_not_publish_may_not_set() -> None:
    hub = make_hub()
    viewer = Peer(hub, "bob", {NAME: frozenset(("subscribe",))}).connect()
    assert set_value(viewer, 1)["error"]["code"] == 103
    # Also not to hear at which version it is.
    assert set_value(viewer, 1, if_version=9)["error"]["code"] == 103
    assert "value" not in snapshot(hub)


def test_only_values_are_set() -> None:
    ann = Peer(make_hub()).connect()
    reply = ann.rpc("rtwidgets.set", channel="stream:px", data={"n": [1]}, if_version=0)
    assert reply["error"] == {"code": 107, "message": "channel 'stream:px' is no value and can't be set"}


def test_what_a_publication_may_not_be_a_set_may_not_either() -> None:
    hub = make_hub(limits=Limits(json_depth=4))
    deep: Any = 1
    for _ in range(9):
        deep = [deep]
    assert set_value(Peer(hub).connect(), deep)["error"]["code"] == 106
    assert "value" not in snapshot(hub)


def test_sets_count_as_publications() -> None:
    hub = make_hub(limits=Limits(publishes_per_s=2))
    ann = Peer(hub).connect()
    for n in range(3):
        set_value(ann, n)
    ann.send({"id": 99, "publish": {"channel": NAME, "data": 9}})
    assert ann.messages() == []
    hub.tick(3.0)
    ann.connection.resume(3.0)
    assert [message["id"] for message in ann.messages()] == [99]


def test_a_batch_of_a_producer_says_which_versions_its_values_became() -> None:
    hub = make_hub()
    ann = Peer(hub).connect()
    set_value(ann, 0)
    items = [
        {"channel": NAME, "data": 1},
        {"channel": "event:e", "data": 1},
        {"channel": "value:other", "data": 1},
        {"channel": NAME, "data": 2},
    ]
    reply = ann.rpc("rtwidgets.publish", producer="p", seq=1, items=items)
    assert reply["rpc"]["data"] == {"seq": 1, "versions": [[0, 2], [2, 1], [3, 3]]}
    # Sent again: nothing was set by it.
    assert ann.rpc("rtwidgets.publish", producer="p", seq=1, items=items)["rpc"]["data"] == {"seq": 1}
