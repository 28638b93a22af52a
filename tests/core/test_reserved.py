"""Channels that the hub alone publishes to."""

from __future__ import annotations

import pytest

from rtwidgets.core.hub import is_reserved

from .peers import Peer, make_hub

RESERVED = [
    "table:rtwidgets.commands",
    "table:morning/rtwidgets.commands",
    "table:team/morning/rtwidgets.calls",
    "event:rtwidgets.notices#ann",
    "event:rtwidgets.notices#a/b",
    "rtwidgets.own",
]
FREE = [
    "table:orders",
    "table:rtwidgets/orders",
    "event:rtwidgets.a/alerts",
    "value:my.rtwidgets.x",
    "a/b",
    "",
]


@pytest.mark.parametrize("name", RESERVED)
def test_nobody_publishes_to_a_channel_whose_last_segment_is_the_hubs(name: str) -> None:
    assert is_reserved(name)
    if ":" in name:
        peer = Peer(make_hub(), name.partition("#")[2] or "ann").connect()
        reply = peer.ask(publish={"channel": name, "data": {"remove": []}})
        assert (reply["error"]["code"], "only the hub" in reply["error"]["message"]) == (103, True)


@pytest.mark.parametrize("name", FREE)
def test_other_names_are_free(name: str) -> None:
    assert not is_reserved(name)
