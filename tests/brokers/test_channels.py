"""Channels behave alike on one hub and on two that share a broker, whichever of them a client is at."""

from __future__ import annotations

import json
from typing import Any

from ..server.sockets import Line, open_line
from .conftest import Pair


def pubs(line: Line, channel: str, count: int) -> list[dict[str, Any]]:
    """Wait for so many publications and return them."""
    while True:
        found = [push["pub"] for push in line.pushes if push.get("channel") == channel and "pub" in push]
        if len(found) >= count:
            return found
        line.receive()


def reach(line: Line, channel: str, offset: int) -> None:
    """Wait until a line's hub has this: what is acknowledged at one may reach the other a moment later."""
    while line.ask(history={"channel": channel, "limit": 0})["history"]["offset"] < offset:
        pass


def test_publications_come_in_one_order_wherever_they_were_published(pair: Pair, name: str) -> None:
    channel = f"event:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        replies = [line.ask(subscribe={"channel": channel})["subscribe"] for line in (ann, bob)]
        assert replies[0]["epoch"] == replies[1]["epoch"]
        for number in range(20):
            (ann, bob)[number % 2].ask(publish={"channel": channel, "data": number})
        seen = [pubs(line, channel, 20) for line in (ann, bob)]
        assert seen[0] == seen[1]
        assert [pub["offset"] for pub in seen[0]] == list(range(1, 21))
        assert [pub["data"] for pub in seen[0]] == list(range(20))
        assert [pub["info"]["user"] for pub in seen[0][:2]] == ["ann", "bob"]


def test_two_that_publish_at_once_get_every_offset_once(pair: Pair, name: str) -> None:
    channel = f"event:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        bob.ask(subscribe={"channel": channel})
        for start in range(0, 200, 10):
            for line, mark in ((ann, "a"), (bob, "b")):
                frame = "\n".join(
                    json.dumps({"id": 1_000 + n, "publish": {"channel": channel, "data": f"{mark}{n}"}})
                    for n in range(start, start + 10)
                )
                line.socket.send(frame)
        seen = pubs(bob, channel, 400)
        assert [pub["offset"] for pub in seen] == list(range(1, 401))
        for mark in "ab":
            own = [pub["data"] for pub in seen if pub["data"].startswith(mark)]
            assert own == [f"{mark}{n}" for n in range(200)]


def test_subscription_goes_on_at_the_other_hub(pair: Pair, name: str) -> None:
    channel = f"event:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        first = ann.ask(subscribe={"channel": channel})["subscribe"]
        for number in range(5):
            ann.ask(publish={"channel": channel, "data": number})
        where = {"recover": True, "epoch": first["epoch"], "offset": 2}
        reply = bob.ask(subscribe={"channel": channel, **where})["subscribe"]
        assert reply["recovered"] and [pub["data"] for pub in reply["publications"]] == [2, 3, 4]


def test_what_a_deleted_message_said_is_nowhere_any_more(pair: Pair, name: str) -> None:
    channel = f"chat:{name}"
    gone = {"type": "delete", "id": "b"}
    with open_line(pair.one) as ann, open_line(pair.other) as late:
        first = late.ask(subscribe={"channel": channel})["subscribe"]
        for message, text in (("a", "stays"), ("b", "secret")):
            ann.ask(publish={"channel": channel, "data": {"type": "message", "id": message, "text": text}})
        ann.ask(publish={"channel": channel, "data": gone})
        assert [pub["offset"] for pub in pubs(late, channel, 3)] == [1, 2, 3]
        late.ask(unsubscribe={"channel": channel})
        for line in (ann, late):
            history = line.ask(history={"channel": channel, "limit": -1})["history"]
            assert [pub["data"] for pub in history["publications"]][1:] == [gone, gone]
            where = {"recover": True, "epoch": first["epoch"], "offset": 1}
            reply = line.ask(subscribe={"channel": channel, **where})["subscribe"]
            assert reply["recovered"] and [pub["data"] for pub in reply["publications"]] == [gone, gone]


def test_history_shows_the_same_everywhere(pair: Pair, name: str) -> None:
    channel = f"short:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        for number in range(6):
            ann.ask(publish={"channel": channel, "data": number})
        for line in (ann, bob):
            reply = line.ask(history={"channel": channel, "limit": -1})["history"]
            assert [pub["data"] for pub in reply["publications"]] == [3, 4, 5]
            assert reply["offset"] == 6
        late = bob.ask(subscribe={"channel": channel, "recover": True, "epoch": reply["epoch"], "offset": 1})
        assert not late["subscribe"].get("recovered")


def test_table_is_one(pair: Pair, name: str) -> None:
    channel = f"table:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        declare = {"method": "rtwidgets.declare", "data": {"channel": channel, "key": "id"}}
        assert "error" not in ann.ask(rpc=declare) and "error" not in bob.ask(rpc=declare)
        bob.ask(subscribe={"channel": channel})
        for line, change in (
            (ann, {"upsert": {"id": [1, 2], "price": [1.5, 2.5]}}),
            (bob, {"upsert": {"id": [2], "note": ["x"]}}),
            (ann, {"remove": [1]}),
        ):
            assert "error" not in line.ask(publish={"channel": channel, "data": change})
        assert len(pubs(bob, channel, 3)) == 3
        rows = {"id": [2], "price": [2.5], "note": ["x"]}
        assert ann.ask(subscribe={"channel": channel})["subscribe"]["data"]["rows"] == rows
        other = {"method": "rtwidgets.declare", "data": {"channel": channel, "key": "price"}}
        assert "key column" in bob.ask(rpc=other)["error"]["message"]


def test_value_is_set_once_at_a_version(pair: Pair, name: str) -> None:
    channel = f"value:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:

        def set_(line: Line, data: object, version: int | None) -> dict[str, Any]:
            data = {"channel": channel, "data": data, "if_version": version}
            return line.ask(rpc={"method": "rtwidgets.set", "data": data})

        assert set_(ann, 1, 0)["rpc"]["data"]["version"] == 1
        assert "set by Ann" in set_(bob, 2, 0)["error"]["message"]
        assert set_(bob, 2, 1)["rpc"]["data"]["version"] == 2
        reach(ann, channel, 2)
        state = ann.ask(subscribe={"channel": channel})["subscribe"]["data"]
        assert (state["value"], state["by"]["user"]) == (2, "bob")


def test_chat_is_one(pair: Pair, name: str) -> None:
    channel = f"chat:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:

        def say(line: Line, **form: object) -> dict[str, Any]:
            return line.ask(publish={"channel": channel, "data": form})

        assert "error" not in say(ann, type="message", id="m1", text="hello")
        assert "error" not in say(bob, type="reaction", id="m1", emoji="+1")
        assert "only its author" in say(bob, type="edit", id="m1", text="no")["error"]["message"]
        assert "error" not in say(bob, type="message", id="m2", text="hi")
        assert "error" not in say(ann, type="delete", id="m1")
        for line in (ann, bob):
            reach(line, channel, 4)
            (message,) = line.ask(subscribe={"channel": channel})["subscribe"]["data"]["messages"]
            assert (message["id"], message["user"]) == ("m2", "bob")


def test_batch_that_is_sent_again_elsewhere_is_published_once(pair: Pair, name: str) -> None:
    channels = [f"event:{name}", f"stream:{name}"]
    items = [{"channel": channel, "data": {"n": [1]}} for channel in channels]
    batch = {"method": "rtwidgets.publish", "data": {"producer": name[-40:], "seq": 1, "items": items}}
    with open_line(pair.one) as ann, open_line(pair.other) as again:
        assert ann.ask(rpc=batch)["rpc"]["data"] == {"seq": 1}
        assert again.ask(rpc=batch)["rpc"]["data"] == {"seq": 1}
        for channel in channels:
            assert ann.ask(history={"channel": channel, "limit": 0})["history"]["offset"] == 1


def test_slow_reader_of_a_table_elsewhere_gets_changes_merged(pair: Pair, name: str) -> None:
    channel = f"table:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        ann.ask(rpc={"method": "rtwidgets.declare", "data": {"channel": channel, "key": "id"}})
        hidden = {"rtwidgets": {"visible": False}}
        bob.ask(subscribe={"channel": channel, "data": hidden})
        for number in range(50):
            change = {"upsert": {"id": [number % 3], "n": [number]}}
            ann.ask(publish={"channel": channel, "data": change})
        reach(bob, channel, 50)
        bob.ask(rpc={"method": "rtwidgets.subscription", "data": {"channel": channel, "visible": True}})
        (pub,) = pubs(bob, channel, 1)
        assert pub["offset"] == 50 and sorted(pub["data"]["upsert"]["n"]) == [47, 48, 49]


def test_hubs_of_one_broker_are_one_to_clients(pair: Pair) -> None:
    def hub_of(line: Line) -> str:
        return str(line.ask(rpc={"method": "rtwidgets.status", "data": {}})["rpc"]["data"]["hub"])

    with open_line(pair.one) as ann, open_line(pair.other) as bob:
        assert hub_of(ann) == hub_of(bob)
