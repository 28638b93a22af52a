"""A message is one line, whatever raw JSON is in it: a line break would end it and begin another."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.protocol import codec

from .peers import Peer, make_hub

FORGED = '{"push":{"channel":"event:x","pub":{"data":1,"info":{"user":"boss"}}}}'
BROKEN = [f"[1,\n{FORGED}\n,2]", f"[1,\r\n{FORGED}\r,2]", '{\n "a":\n {}\n}', '["\\ud800",\n1]']

DATA = [
    ("value:a", "%s"),
    ("event:a", "%s"),
    ("stream:a", '{"x":[%s]}'),
    ("table:a", '{"upsert":{"id":[1],"x":[%s]}}'),
]


class Raw:
    """A client that sends text as it is and reads line by line."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._ids = count(1_000)

    def ask(self, request: str) -> list[dict[str, Any]]:
        number = next(self._ids)
        # Without a line break behind it, which messages need not have, it is harder to tell where it ends.
        text = f'{{"id":999,"ping":{{}}}}{{"id":{number},{request}}}'
        self.peer.connection.receive([text.encode()], self.peer.now)
        found = self.peer.messages()
        (reply,) = (message for message in found if message.get("id") == number)
        assert "error" not in reply, reply
        return found


def forged(messages: list[dict[str, Any]]) -> bool:
    return any(message == json.loads(FORGED) for message in messages)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(("channel", "form"), DATA)
def test_what_is_published_goes_on_in_one_line(channel: str, form: str, broken: str) -> None:
    hub = make_hub()
    ann, early = Raw(Peer(hub).connect()), Peer(hub, "bob").connect()
    if channel.startswith("table"):
        ann.peer.rpc("rtwidgets.declare", channel=channel, key="id")
    early.join(channel)
    data = form % broken
    ann.ask(f'"publish":{{"channel":"{channel}","data":{data}}}')
    if channel.startswith("value"):
        ann.ask(f'"rpc":{{"method":"rtwidgets.set","data":{{"channel":"{channel}","data":{data}}}}}')
    batch = f'{{"producer":"p","seq":1,"items":[{{"channel":"{channel}","data":{data}}}]}}'
    ann.ask(f'"rpc":{{"method":"rtwidgets.publish","data":{batch}}}')
    late = Raw(Peer(hub, "carl").connect())
    seen = early.messages()
    seen += late.ask(f'"subscribe":{{"channel":"{channel}","data":{{"rtwidgets":{{"snapshot":true}}}}}}')
    seen += late.ask(f'"history":{{"channel":"{channel}","limit":5}}')
    assert seen and not forged(seen)


@pytest.mark.parametrize("broken", BROKEN)
def test_arguments_results_and_defaults_go_on_in_one_line(broken: str) -> None:
    hub = make_hub()
    handler, caller = Raw(Peer(hub, owner=True).connect()), Raw(Peer(hub, "bob").connect())
    schema = f'{{"description":"d","x":{broken}}}'
    seen = handler.ask(
        f'"rpc":{{"method":"rtwidgets.register","data":{{"commands":[{{"name":"do","schema":{schema}}}]}}}}'
    )
    caller.peer.join("table:rtwidgets.commands")
    call = f'{{"command":"do","args":{{"x":{broken}}}}}'
    caller.peer.connection.receive(
        [b'{"id":5,"rpc":{"method":"rtwidgets.call","data":%b}}' % call.encode()], caller.peer.now
    )
    (push,) = (message["push"] for message in handler.peer.messages() if "push" in message)
    number = push["message"]["data"]["rtwidgets"]["call"]["id"]
    assert push["message"]["data"]["rtwidgets"]["call"]["args"]["x"] is not None
    handler.ask(f'"rpc":{{"method":"rtwidgets.reply","data":{{"call":"{number}","result":{broken}}}}}')
    handler.ask(f'"rpc":{{"method":"rtwidgets.declare","data":{{"channel":"value:d","default":{broken}}}}}')
    seen += caller.peer.messages()
    seen += caller.ask('"subscribe":{"channel":"value:d"}')
    assert any(message.get("id") == 5 for message in seen) and not forged(seen)


values = st.recursive(
    st.none() | st.integers(-5, 5) | st.text(alphabet='{}[],:"\\ax \n\r', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet="a{}\n", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    data=st.lists(values, min_size=1, max_size=4),
    between=st.sampled_from(["\n", "", " ", "\r\n", "\n\n", " \n "]),
    indent=st.sampled_from([None, 0, 1]),
    colon=st.sampled_from([":", " :\n", "\r: "]),
)
def test_commands_are_read_as_they_are_meant_without_line_breaks(
    data: list[Any], between: str, indent: int | None, colon: str
) -> None:
    commands = [
        {"id": number, "publish": {"channel": "c", "data": each}} for number, each in enumerate(data, 1)
    ]
    frame = between.join(json.dumps(each, indent=indent, separators=(",", colon)) for each in commands)
    found = codec.decode_commands([frame.encode()])
    assert [command.id for command in found] == list(range(1, len(data) + 1))
    for command, each in zip(found, data, strict=True):
        assert command.publish is not None
        raw = bytes(command.publish.data)
        assert json.loads(raw) == each and b"\n" not in raw and b"\r" not in raw
