"""What a reader that is far behind gets first."""

from __future__ import annotations

import time
from functools import partial

import pytest

from rtwidgets.core.revocation import Revocation

from .inner_hub import CHANNEL, InnerHub
from .sockets import Line

PADDING = b"x" * 2_000
PUBLICATIONS = 2_500
# What the buffers of both sockets and of both programs hold, at most.
UNDER_WAY = 300


def offsets(line: Line) -> list[int]:
    return [push["pub"]["offset"] for push in line.pushes if "pub" in push]


def test_reader_that_stalls_is_sent_away_all_the_same(
    inner_hub: InnerHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtwidgets.server.outlets.CLOSE_TIMEOUT_S", 0.3)
    hub = inner_hub.app.hub
    with inner_hub.subscribed(1):
        (connection,) = hub.connections.values()
        inner_hub.call(partial(inner_hub.publish, range(500), PADDING))
        time.sleep(0.5)
        assert connection.has_output  # it stalls
        deadline = time.monotonic() + 4
        inner_hub.call(lambda: hub.revoke(Revocation(user="ann", before=inner_hub.app.now())))
        # Long before the time that a frame may take.
        while hub.connections:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_replies_pings_and_joins_overtake_what_waits_for_a_slow_reader(inner_hub: InnerHub) -> None:
    hub = inner_hub.app.hub
    with inner_hub.subscribed(2) as (reader, other):
        other.ask(unsubscribe={"channel": CHANNEL})
        reader.ask(subscribe={"channel": "chat:room"})
        for start in range(0, PUBLICATIONS, 100):
            inner_hub.call(partial(inner_hub.publish, range(start, start + 100), PADDING))
            time.sleep(0.01)
        (cursor,) = hub.channel(CHANNEL).cursors.values()
        assert cursor.offset < UNDER_WAY
        other.ask(subscribe={"channel": "chat:room"})
        inner_hub.call(lambda: hub.tick(inner_hub.app.now() + hub.rules.limits.ping_interval_s + 1))
        reader.socket.send('{"id":99,"ping":{}}')
        seen: list[object] = []
        while {"id": 99, "ping": {}} not in seen:
            seen += reader.receive()
        assert {} in seen
        assert sum("join" in push for push in reader.pushes) == 2  # its own and the other's
        assert len(offsets(reader)) < UNDER_WAY
        while len(offsets(reader)) < PUBLICATIONS:
            reader.receive()
        assert offsets(reader) == list(range(1, PUBLICATIONS + 1))
