from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest

from rtwidgets.core import Limits
from rtwidgets.core.producers import MAX_PRODUCERS, MAX_USERS, Producers
from rtwidgets.core.roles import caps_of_role
from rtwidgets.core.rpc import MAX_ORIGINS
from rtwidgets.protocol import codes

from .peers import ALL, Peer, make_hub, publications


def test_batch_is_published_once_however_often_it_comes() -> None:
    hub = make_hub()
    peer, reader = Peer(hub).connect(), Peer(hub).connect()
    reader.ask(subscribe={"channel": "stream:a"})
    items = [{"channel": "stream:a", "data": {"x": [1]}}, {"channel": "nowhere:a", "data": 1}]
    first = peer.rpc("rtwidgets.publish", producer="p", seq=1, items=items)["rpc"]["data"]
    assert first == {"seq": 1, "errors": [{"index": 1, "code": 102, "message": "unknown channel"}]}
    again = Peer(hub).connect().rpc("rtwidgets.publish", producer="p", seq=1, items=items)
    assert again["rpc"]["data"] == {"seq": 1}
    assert len(publications(reader.messages(), "stream:a")) == 1
    other_user = Peer(hub, "bob").connect()
    other_user.rpc("rtwidgets.publish", producer="p", seq=1, items=items[:1])
    assert len(publications(reader.messages(), "stream:a")) == 1


def test_default_is_set_only_where_there_is_no_value() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    for default in (100, 200):
        peer.rpc("rtwidgets.declare", channel="value:v", default=default)
    assert peer.ask(subscribe={"channel": "value:v"})["subscribe"]["data"]["value"] == 100


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"channel": "stream:a", "key": "id"}, "is no table"),
        ({"channel": "table:a", "default": 1}, "is no value"),
    ],
)
def test_declaring_what_a_kind_has_not_is_refused(data: dict[str, Any], words: str) -> None:
    reply = Peer(make_hub()).connect().rpc("rtwidgets.declare", **data)
    assert reply["error"]["code"] == 107 and words in reply["error"]["message"]


def test_owner_mints_tokens_no_wider_than_its_own() -> None:
    hub = make_hub()
    owner = Peer(hub, "owner", {"stream:*": frozenset(("subscribe", "publish"))}, owner=True).connect()
    narrow: dict[str, list[str]] = {"stream:a": ["subscribe"]}
    minted = owner.rpc("rtwidgets.token", ttl_s=60, sub="guest", caps=narrow)["rpc"]["data"]
    assert minted["expires_at_ms"] == 61_000
    guest = Peer(hub, "guest")
    guest.token = minted["token"]
    guest.connect()
    assert "error" not in guest.ask(subscribe={"channel": "stream:a"})
    assert guest.ask(publish={"channel": "stream:a", "data": {}})["error"]["code"] == 103
    assert guest.rpc("rtwidgets.token", ttl_s=60, sub="other")["error"]["code"] == 103
    for wide in ({"*": ["subscribe"]}, {"stream:a": ["history"]}, {"str*": ["subscribe"]}):
        assert owner.rpc("rtwidgets.token", ttl_s=60, caps=wide)["error"]["code"] == 103


def test_only_the_owner_allows_origins() -> None:
    hub = make_hub()
    assert (
        Peer(hub).connect().rpc("rtwidgets.allow_origin", origin="http://evil.example")["error"]["code"]
        == 103
    )
    owner = Peer(hub, owner=True).connect()
    assert owner.rpc("rtwidgets.allow_origin", origin="null")["error"]["code"] == 107
    owner.rpc("rtwidgets.allow_origin", origin="http://localhost:8888")
    assert hub.origins == {"http://localhost:8888"}


@pytest.mark.parametrize("how", ["end", "revoke", "close"])
def test_an_origin_goes_with_the_last_connection_that_allows_it(how: str) -> None:
    hub = make_hub()
    hub.origins.add("http://of.settings")
    first, second, boss = (Peer(hub, user, owner=True).connect() for user in ("ann", "bob", "cat"))
    for peer, origin in (
        (first, "http://of.both"),
        (second, "http://of.both"),
        (first, "http://of.settings"),
        (first, "http://of.ann"),
        (first, "http://of.ann"),
    ):
        assert peer.rpc("rtwidgets.allow_origin", origin=origin) == {"id": ANY, "rpc": {"data": {}}}
    assert hub.origins == {"http://of.settings", "http://of.both", "http://of.ann"}
    for peer, user, left in (
        (first, "ann", {"http://of.settings", "http://of.both"}),
        (second, "bob", {"http://of.settings"}),
    ):
        if how == "end":
            peer.connection.end(2.0)
        elif how == "close":
            peer.connection.close(codes.STALE)
        else:  # which takes no account of whether the socket goes as well
            assert boss.rpc("rtwidgets.revoke", user=user)["rpc"]["data"] == {"closed": 1}
        assert hub.origins == left
        peer.connection.end(2.0)
    assert hub.origins._allowed_by == {}


def test_an_origin_goes_when_its_connection_is_no_owners_any_more() -> None:
    hub = make_hub()
    peers = [Peer(hub, owner=True).connect() for _ in range(2)]
    for peer in peers:
        peer.rpc("rtwidgets.allow_origin", origin="http://localhost:8888")
    for peer, left in zip(peers, ({"http://localhost:8888"}, set()), strict=True):
        assert "refresh" in peer.ask(refresh={"token": peer.token})
        assert "http://localhost:8888" in hub.origins
        assert "refresh" in peer.ask(refresh={"token": Peer(hub).token})
        assert hub.origins == left


def test_origins_that_are_allowed_are_bounded() -> None:
    hub = make_hub()
    owner = Peer(hub, owner=True).connect()
    for number in range(MAX_ORIGINS):
        assert "error" not in owner.rpc("rtwidgets.allow_origin", origin=f"http://localhost:{number + 1}")
    assert owner.rpc("rtwidgets.allow_origin", origin="http://localhost:9999")["error"]["code"] == 106
    assert "error" not in owner.rpc("rtwidgets.allow_origin", origin="http://localhost:1")
    assert len(hub.origins) == MAX_ORIGINS


def test_batch_with_one_bad_item_publishes_the_others() -> None:
    peer = Peer(make_hub()).connect()
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    items = [{"channel": "event:a", "data": deep}, {"channel": "event:a", "data": "important"}]
    result = peer.rpc("rtwidgets.publish", producer="p", seq=1, items=items)["rpc"]["data"]
    assert [error["index"] for error in result["errors"]] == [0]
    assert "64 levels" in result["errors"][0]["message"]
    assert peer.hub.channel("event:a").log.top == 1


def test_producer_numbers_of_one_user_are_safe_from_another() -> None:
    hub = make_hub(limits=Limits(commands_per_s=0))
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    batch = {"producer": "p", "seq": 1, "items": [{"channel": "event:a", "data": 1}]}
    ann.rpc("rtwidgets.publish", **batch)
    for number in range(1_500):
        bob.rpc("rtwidgets.publish", **{**batch, "producer": f"p{number}"})
    ann.rpc("rtwidgets.publish", **batch)
    assert hub.channel("event:a").log.top == 1_501


def test_who_publishes_nothing_leaves_no_number() -> None:
    hub = make_hub()
    viewer, editor = Peer(hub, caps=caps_of_role("viewer", ["event:*"])).connect(), Peer(hub, "bob").connect()
    items = [{"channel": "event:a", "data": 1}]
    for seq in (1, 1):
        editor.rpc("rtwidgets.publish", producer="p", seq=seq, items=[])
        result = viewer.rpc("rtwidgets.publish", producer="p", seq=seq, items=items)["rpc"]["data"]
        assert [error["code"] for error in result["errors"]] == [103]
    assert not hub.producers._last
    editor.rpc("rtwidgets.publish", producer="p", seq=1, items=items)
    assert hub.channel("event:a").log.top == 1 and list(hub.producers._last) == ["bob"]


def test_when_there_are_many_producers_who_has_most_loses_the_oldest() -> None:
    producers = Producers()
    producers.note("ann", "p", 7)
    for guest in range(200):
        for number in range(1_100):
            producers.note(f"guest{guest}", f"p{number}", 1)
        count = sum(map(len, producers._last.values()))
        assert producers._count == count <= MAX_PRODUCERS
    assert not producers.is_new("ann", "p", 7) and producers.is_new("ann", "p", 8)
    assert not producers.is_new("guest199", "p1099", 1) and producers.is_new("guest199", "p0", 1)
    for guest in range(MAX_USERS):
        producers.note(f"more{guest}", "p", 1)
    count = sum(map(len, producers._last.values()))
    assert producers._count == count == len(producers._last) == MAX_USERS


def test_minted_token_does_not_outlive_its_makers() -> None:
    hub = make_hub()
    owner = Peer(hub, "owner", owner=True)
    owner.token = hub.tokens.mint(user="owner", caps=ALL, now=0.0, token_id="t", ttl_s=60, owner=True)
    owner.connect()
    assert owner.rpc("rtwidgets.token", ttl_s=3_600)["rpc"]["data"]["expires_at_ms"] <= 60_000
