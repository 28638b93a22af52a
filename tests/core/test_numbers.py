"""Numbers beyond what a float holds: some readers can't read them, others take them for infinite."""

from __future__ import annotations

import json
import math

import msgspec
import pytest

from rtwidgets.protocol.json_rules import has_number_out_of_range

from .peers import Peer, make_hub

TOO_LARGE = {
    "exponent": "1e999",
    "negative": "-1e999",
    "capital": "1E400",
    "plus": "1e+309",
    "zeros": "1e0000309",
    "just": "1.7976931348623159e308",
    "digits": "9" * 309,
    "more digits than Python reads": "9" * 5_000,
    "digits and a low exponent": "9" * 250 + "e60",
    "digits with a fraction": "9" * 400 + ".5",
}
FINE = {
    "largest": "1.7976931348623157e308",
    "small": "1e-999",
    "zero": "0e999",
    "digits": "1" + "0" * 308,
    "fraction": "0." + "0" * 500 + "1e600",
    "in a text": '"1e999"',
    "in a text with quotes": '"\\"1e999 ' + "9" * 400 + '\\\\"',
    "in a name": '{"1e999": 1}',
}


@pytest.mark.parametrize("number", TOO_LARGE.values(), ids=TOO_LARGE)
def test_number_that_no_float_holds_is_found(number: str) -> None:
    for data in (number, f'{{"a":[1,"x",{number}]}}', f"[{'1.5,' * 200}{number}]", f"[{number}{',2' * 200}]"):
        assert has_number_out_of_range(data.encode())


@pytest.mark.parametrize("number", FINE.values(), ids=FINE)
def test_number_that_a_float_holds_is_let_through(number: str) -> None:
    assert not math.isinf(json.loads(number)) if number[0] not in '"{' else json.loads(number)
    for data in (number, f'{{"a":[1,"x",{number}]}}', f"[{'1.5,' * 200}{number}]"):
        assert not has_number_out_of_range(data.encode())


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        ("event:a", '{"n":[%s]}'),
        ("value:a", "%s"),
        ("table:a", '{"upsert":{"id":[1],"n":[%s]}}'),
        ("table:a", '{"upsert":{"id":[%s]}}'),
        ("table:a", '{"upsert":{"id":[1],"n":[{"deep":%s}]}}'),
        (
            "chat:a",
            '{"type":"message","id":"1","text":"a","command":{"name":"b","state":"running","fraction":%s}}',
        ),
    ],
)
@pytest.mark.parametrize("number", ["1e999", "9" * 400], ids=["exponent", "digits"])
def test_publication_with_a_number_that_no_float_holds_is_refused(
    channel: str, data: str, number: str
) -> None:
    peer = Peer(make_hub()).connect()
    peer.rpc("rtwidgets.declare", channel="table:a", key="id")
    before = peer.hub.channel(channel).log.top
    reply = peer.ask(publish={"channel": channel, "data": msgspec.Raw((data % number).encode())})
    assert reply["error"]["code"] == 107 and channel in reply["error"]["message"]
    assert peer.hub.channel(channel).log.top == before
    assert "publish" in peer.ask(publish={"channel": channel, "data": msgspec.Raw((data % "1").encode())})


def test_default_argument_and_result_with_a_number_that_no_float_holds_are_refused() -> None:
    hub = make_hub()
    handler, caller = Peer(hub).connect(), Peer(hub, "bob").connect()
    huge = msgspec.Raw(b"[1e999]")
    said = "beyond what a float holds"
    refused = caller.rpc("rtwidgets.declare", channel="value:v", default=huge)["error"]
    assert refused["code"] == 107 and said in refused["message"]
    handler.rpc("rtwidgets.register", commands=[{"name": "a"}])
    refused = caller.rpc("rtwidgets.call", command="a", args={"x": huge})["error"]
    assert refused["code"] == 107 and said in refused["message"] and "arguments of 'a'" in refused["message"]
    caller.send({"id": 900, "rpc": {"method": "rtwidgets.call", "data": {"command": "a", "args": {}}}})
    (call,) = [message["push"]["message"]["data"]["rtwidgets"]["call"] for message in handler.messages()]
    assert handler.rpc("rtwidgets.reply", call=call["id"], result=huge)["error"]["code"] == 107
    (failed,) = caller.messages()
    assert failed["error"]["code"] == 1001 and said in failed["error"]["message"]
