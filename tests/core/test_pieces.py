"""What is too large for one message comes in pieces, and never before a socket takes it."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtwidgets.core import Hub, Limits, channel, recovery
from rtwidgets.core.kinds import recency

from .peers import Peer, make_hub
from .test_table import apply, full
from .test_table_items import random_change

TABLE = "table:t"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly anything fits into one message."""
    monkeypatch.setattr(channel, "PIECE_BYTES", 40)
    monkeypatch.setattr(recovery, "REPLY_BYTES", 40)
    monkeypatch.setattr(recency, "NEAR", 3)


class Reader:
    """Keeps a table as it is told, as any client can: it knows upserts, removals and its position."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.rows: dict[Any, dict[str, Any]] = {}
        self.epoch = ""
        self.offset = 0
        self.has_more = False
        self.states: dict[int, Any] = {}
        self.join()

    def join(self, **wish: Any) -> None:
        self.peer = Peer(self.hub).connect()
        self.subscribe(**wish)

    def subscribe(self, **wish: Any) -> None:
        where = {"recover": True, "epoch": self.epoch, "offset": self.offset} if self.epoch else {}
        self.peer.send(
            {"id": 1, "subscribe": {"channel": TABLE, "data": {"rtwidgets": wish}, **where}},
        )

    def read(self, now: float) -> bool:
        self.peer.now = now
        self.hub.flush(now)
        frame = self.peer.connection.take(1, now)
        for line in [] if frame is None else frame.split(b"\n"):
            self.hear(msgspec.json.decode(line))
        return frame is not None

    def hear(self, message: dict[str, Any]) -> None:
        push = message.get("push", {})
        if "subscribe" in message:
            reply = message["subscribe"]
            if not reply.get("recovered"):
                self.rows = {}
                apply(self.rows, {"upsert": reply["data"]["rows"]})
                self.has_more = reply["data"].get("more", False)
            self.epoch, self.offset = reply["epoch"], reply.get("offset", 0)
        elif "pub" in push:
            data, offset = push["pub"]["data"], push["pub"].get("offset", 0)
            apply(self.rows, data)
            assert offset == 0 or offset > self.offset
            self.offset = offset or self.offset
            self.has_more = data.get("more", False)
            if not self.has_more:
                assert full(self.rows) == full(self.states[self.offset])
        elif "unsubscribe" in push:
            assert push["unsubscribe"]["code"] == 2500
            self.subscribe()


@pytest.mark.usefixtures("small")
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_every_reader_ends_with_the_table(seed: int) -> None:
    """Late joiners, throttled and hidden readers, those that lose their connection between two pieces."""
    random, now = Random(seed), 1.0
    hub = make_hub(
        limits=Limits(conflate_after=random.choice((2, 5)), delivery_window=random.choice((3, 50)))
    )
    Peer(hub).connect().rpc("rtwidgets.declare", channel=TABLE, key="id")
    table = hub.channel(TABLE)
    live: dict[Any, dict[str, Any]] = {}
    states: dict[int, Any] = {0: {}}
    readers: list[Reader] = []

    def publish(change: dict[str, Any]) -> None:
        before = table.log.top
        table.publish(msgspec.json.encode(change), now=now)
        if table.log.top > before:
            apply(
                live, msgspec.json.decode(table.log.publications(table.log.top, table.log.top + 1)[0])["data"]
            )
            states[table.log.top] = {key: dict(row) for key, row in live.items()}

    for number in range(random.randrange(30)):
        publish({"upsert": {"id": [f"row {number}", number], "x": ["text" * random.randrange(5), 1]}})
    for _ in range(random.randrange(60)):
        match random.randrange(8):
            case 0:
                readers.append(Reader(hub))
                readers[-1].states = states
            case 1 | 2:
                change = random_change(random)
                if not change.get("replace") or "upsert" in change:
                    publish(change)
            case 3:
                publish({"remove": [f"row {random.randrange(30)}"], "upsert": {"id": [random.randrange(30)]}})
            case 4 | 5 if readers:
                random.choice(readers).read(now)
            case 6 if readers:
                reader = random.choice(readers)
                reader.peer.connection.end(now)
                reader.join(max_hz=random.choice((None, 1, 5)), visible=random.random() < 0.7)
            case _ if readers:
                reader = random.choice(readers)
                reader.read(now)
                data = {"channel": TABLE, "visible": random.random() < 0.6}
                reader.peer.send({"id": 9, "rpc": {"method": "rtwidgets.subscription", "data": data}})
        now += random.choice((0.0, 0.05, 1.0))
    for reader in readers:
        data = {"channel": TABLE, "visible": True, "max_hz": None}
        reader.read(now)
        reader.peer.send({"id": 9, "rpc": {"method": "rtwidgets.subscription", "data": data}})
        while reader.read(now):
            pass
        assert not reader.has_more and reader.offset == table.log.top
        assert full(reader.rows) == full(live)
