"""What subscribers may ask for: fewer updates, or none while nobody looks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rtwidgets.core import Hub, Limits
from rtwidgets.core.capabilities import Caps
from rtwidgets.core.tokens import Tokens

from .peers import SECRET, Peer, make_hub, publications


def subscribe(hub: Hub, channel: str, **wish: Any) -> tuple[Peer, dict[str, Any]]:
    peer = Peer(hub).connect()
    reply = peer.ask(subscribe={"channel": channel, "data": {"rtwidgets": wish}})
    return peer, reply["subscribe"]


def show(peer: Peer, channel: str, visible: bool) -> None:
    data = {"channel": channel, "visible": visible}
    peer.send({"id": 99, "rpc": {"method": "rtwidgets.subscription", "data": data}})


def take(peer: Peer, now: float) -> bytes | None:
    peer.now = now
    peer.hub.flush(now)
    return peer.connection.take(1 << 20, now)


def publish(hub: Hub, channel: str, *data: object) -> None:
    for item in data:
        hub.channel(channel).publish(msgspec.json.encode(item), now=1.0)


def make_table(hub: Hub) -> Peer:
    publisher = Peer(hub).connect()
    publisher.rpc("rtwidgets.declare", channel="table:t", key="id")
    return publisher


def test_what_is_granted_stands_in_the_reply() -> None:
    hub = make_hub()
    _, reply = subscribe(hub, "stream:s", max_hz=10, visible=False)
    assert reply["data"] == {
        "kind": "stream",
        "until": 0,
        "rtwidgets": {"max_hz": 10.0, "visible": False},
    }
    _, reply = subscribe(hub, "event:e", max_hz=None)
    assert reply["data"] == {"rtwidgets": {"max_hz": None, "visible": True}}


def test_who_asks_for_nothing_is_told_nothing() -> None:
    hub = make_hub()
    _, reply = subscribe(hub, "event:e")
    assert "data" not in reply
    peer = Peer(hub).connect()
    reply = peer.ask(subscribe={"channel": "event:e", "data": {"my": "own"}})["subscribe"]
    assert "data" not in reply


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (
            {"max_hz": "fast"},
            "rtwidgets in the subscribe data: Expected `float | null`, got `str` - at `$.max_hz`",
        ),
        ({"max_hz": 0}, "max_hz is 0: give 0.01 to 1000, or null"),
        ({"max_hz": 1e9}, "max_hz is 1e+09: give 0.01 to 1000, or null"),
        ({"visible": 1}, "rtwidgets in the subscribe data: Expected `bool`, got `int` - at `$.visible`"),
    ],
)
def test_wish_that_can_not_be_granted_is_refused(wish: dict[str, Any], message: str) -> None:
    peer = Peer(make_hub()).connect()
    reply = peer.ask(subscribe={"channel": "event:e", "data": {"rtwidgets": wish}})
    assert reply["error"] == {"code": 107, "message": message}
    assert not peer.connection.cursors


def test_first_update_comes_at_once_and_the_next_at_the_rate() -> None:
    hub = make_hub()
    peer, _ = subscribe(hub, "stream:s", max_hz=10)
    publish(hub, "stream:s", {"x": [1]})
    assert take(peer, 5.0) is not None
    publish(hub, "stream:s", {"x": [2]})
    assert hub.flush(5.02) == pytest.approx(5.1)
    publish(hub, "stream:s", {"x": [3]})
    assert take(peer, 5.09) is None
    frame = take(peer, 5.1)
    assert frame is not None and frame.count(b'"pub"') == 2  # none of a stream's rows is lost


def test_throttled_readers_are_in_step_and_share_their_frame() -> None:
    hub = make_hub()
    first, _ = subscribe(hub, "stream:s", max_hz=10)
    publish(hub, "stream:s", {"x": [0]})
    take(first, 1.0)
    second, _ = subscribe(hub, "stream:s", max_hz=10)
    publish(hub, "stream:s", {"x": [1]}, {"x": [2]})
    assert take(first, 1.05) is None and take(second, 1.05) is None
    frame = take(first, 1.1)
    assert frame is not None and frame is take(second, 1.1)


def test_throttled_table_readers_get_one_merged_change_that_is_made_once() -> None:
    hub = make_hub()
    make_table(hub)
    readers = [subscribe(hub, "table:t", max_hz=10)[0] for _ in range(2)]
    publish(hub, "table:t", {"upsert": {"id": [0], "x": [0]}})
    for reader in readers:
        take(reader, 1.0)
    for number in range(5):
        publish(hub, "table:t", {"upsert": {"id": [1], "x": [number]}})
    frames = [take(reader, 1.1) for reader in readers]
    assert frames[0] is not None and frames[0] is frames[1]
    (change,) = publications([msgspec.json.decode(frames[0])], "table:t")
    assert change["data"] == {"upsert": {"id": [1], "x": [4]}} and change["offset"] == 6


def test_merged_change_is_made_anew_for_who_comes_later() -> None:
    hub = make_hub()
    make_table(hub)
    early, late = (subscribe(hub, "table:t", visible=False)[0] for _ in range(2))
    for reader, last in ((early, 50), (late, 100)):
        for number in range(last - 50, last):
            publish(hub, "table:t", {"upsert": {"id": [1], "x": [number]}})
        show(reader, "table:t", visible=True)
        (change,) = publications(reader.messages(), "table:t")
        assert change["data"]["upsert"]["x"] == [last - 1] and change["offset"] == last


def test_throttled_value_reader_gets_the_last_one() -> None:
    hub = make_hub()
    peer, _ = subscribe(hub, "value:v", max_hz=1)
    publish(hub, "value:v", 1, 2, 3)
    frame = take(peer, 1.0)
    assert frame is not None
    assert [p["data"] for p in publications([msgspec.json.decode(frame)], "value:v")] == [3]


def test_throttled_stream_reader_is_served_before_the_log_leaves_it_behind() -> None:
    hub = make_hub(limits=Limits(delivery_window=10))
    peer, _ = subscribe(hub, "event:e", max_hz=0.01)
    seen = []
    for number in range(5000):
        publish(hub, "event:e", number)
        if number % 100 == 99:
            frame = take(peer, 1.0)
            lines = frame.split(b"\n") if frame else []
            seen += [
                p["data"] for p in publications([msgspec.json.decode(line) for line in lines], "event:e")
            ]
    assert len(seen) >= 4400 and seen == list(range(len(seen)))


def test_hidden_reader_is_not_even_woken_and_catches_up_when_seen() -> None:
    hub = make_hub()
    peer, _ = subscribe(hub, "stream:s", visible=False)
    woken = peer.woken
    for number in range(100):
        publish(hub, "stream:s", {"x": [number]})
        assert take(peer, 1.0) is None
    assert peer.woken == woken
    show(peer, "stream:s", visible=True)
    seen = [p["data"]["x"][0] for p in publications(peer.messages(), "stream:s")]
    assert seen == list(range(100))


def test_reader_that_hides_while_it_is_in_line_gets_nothing_until_it_is_seen() -> None:
    hub = make_hub()
    peer, _ = subscribe(hub, "stream:s", visible=True)
    publish(hub, "stream:s", {"x": [1]})
    hub.flush(1.0)
    show(peer, "stream:s", visible=False)
    assert publications(peer.messages(), "stream:s") == []
    show(peer, "stream:s", visible=True)
    assert [p["data"] for p in publications(peer.messages(), "stream:s")] == [{"x": [1]}]


def test_change_leaves_what_it_does_not_name() -> None:
    hub = make_hub()
    peer, _ = subscribe(hub, "stream:s", max_hz=5, visible=False)
    reply = peer.rpc("rtwidgets.subscription", channel="stream:s", visible=True)
    assert reply["rpc"]["data"] == {"max_hz": 5.0, "visible": True}
    reply = peer.rpc("rtwidgets.subscription", channel="stream:s", max_hz=None)
    assert reply["rpc"]["data"] == {"max_hz": None, "visible": True}
    assert peer.rpc("rtwidgets.subscription", channel="stream:s", max_hz=-1)["error"]["code"] == 107
    assert peer.rpc("rtwidgets.subscription", channel="stream:other", visible=True)["error"] == {
        "code": 107,
        "message": "not subscribed to 'stream:other'",
    }


def demand_in(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pushes = [message["push"]["message"]["data"] for message in messages if "push" in message]
    return [data["rtwidgets"]["demand"] for data in pushes]


def test_publisher_sees_the_demand_and_hears_of_changes() -> None:
    hub = make_hub()
    publisher = Peer(hub).connect()
    nobody = {"subscribers": 0, "visible": 0, "max_hz": 0.0}
    assert publisher.rpc("rtwidgets.demand", channel="stream:s")["rpc"]["data"] == nobody
    slow, _ = subscribe(hub, "stream:s", max_hz=5)
    hidden, _ = subscribe(hub, "stream:s", max_hz=50, visible=False)
    told = demand_in(publisher.messages())
    assert told[-1] == {"channel": "stream:s", "subscribers": 2, "visible": 1, "max_hz": 5.0}
    hidden.rpc("rtwidgets.subscription", channel="stream:s", visible=True, max_hz=None)
    assert demand_in(publisher.messages()) == [
        {"channel": "stream:s", "subscribers": 2, "visible": 2, "max_hz": None}
    ]
    slow.ask(unsubscribe={"channel": "stream:s"})
    hidden.connection.end(2.0)
    assert demand_in(publisher.messages())[-1] == {"channel": "stream:s", **nobody}


def test_many_changes_between_two_flushes_are_told_once() -> None:
    hub = make_hub()
    publisher = Peer(hub).connect()
    publisher.rpc("rtwidgets.demand", channel="stream:s")
    peers = [Peer(hub).connect() for _ in range(5)]
    for peer in peers:
        peer.send({"id": 1, "subscribe": {"channel": "stream:s"}})
    assert [demand["subscribers"] for demand in demand_in(publisher.messages())] == [5]


def test_demand_is_for_publishers_and_ends_with_the_connection() -> None:
    hub = make_hub()
    reader = Peer(hub, caps={"*": frozenset(("subscribe",))}).connect()
    assert reader.rpc("rtwidgets.demand", channel="stream:s")["error"]["code"] == 103
    publisher = Peer(hub).connect()
    publisher.rpc("rtwidgets.demand", channel="stream:s")
    hub.tick(40.0)
    assert "stream:s" in hub.channels  # somebody waits for it to be read
    publisher.connection.end(41.0)
    hub.tick(80.0)
    assert "stream:s" not in hub.channels


def test_demand_is_not_told_any_more_to_whose_new_token_gives_no_right_to_publish() -> None:
    hub = make_hub()
    publisher, reader = Peer(hub).connect(), Peer(hub, "bob").connect()
    for name in ("stream:kept", "stream:taken"):
        publisher.rpc("rtwidgets.demand", channel=name)
    caps: Caps = {"*": frozenset(["subscribe"]), "stream:kept": frozenset(["publish"])}
    token = Tokens(SECRET).mint(user="ann", caps=caps, now=0.0, token_id="t2")
    assert "refresh" in publisher.ask(refresh={"token": token})
    for name in ("stream:kept", "stream:taken"):
        reader.join(name)
    assert [demand["channel"] for demand in demand_in(publisher.messages())] == ["stream:kept"]


def test_publications_alone_tell_nothing_of_the_demand() -> None:
    hub = make_hub()
    publisher = Peer(hub).connect()
    publisher.rpc("rtwidgets.demand", channel="stream:s")
    publish(hub, "stream:s", {"x": [1]})
    assert publisher.messages() == []


def test_demand_of_too_many_channels_is_refused() -> None:
    hub = make_hub(limits=Limits(channels_per_connection=2))
    publisher = Peer(hub).connect()
    for name in ("stream:a", "stream:b", "stream:a"):
        assert "rpc" in publisher.rpc("rtwidgets.demand", channel=name)
    assert publisher.rpc("rtwidgets.demand", channel="stream:c")["error"]["code"] == 106
