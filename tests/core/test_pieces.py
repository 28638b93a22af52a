"""What is too large for one message comes in pieces, and never before a socket takes it."""

from __future__ import annotations

from random import Random
from typing import Any

import jwt
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtwidgets.core import Hub, Limits, Namespace, channel, recovery
from rtwidgets.core.kinds import recency

from .peers import SECRET, Peer, make_hub, publications
from .test_table import apply, full
from .test_table_items import random_change

TABLE = "table:t"
FRAME_BYTES = 48 * 1024


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


def frames(peer: Peer) -> list[bytes]:
    """Take everything, as a socket does."""
    peer.hub.flush(peer.now)
    found: list[bytes] = []
    while (frame := peer.connection.take(FRAME_BYTES, peer.now)) is not None:
        found.append(frame)
    return found


def pushed(found: list[bytes], name: str) -> list[dict[str, Any]]:
    return publications([msgspec.json.decode(line) for frame in found for line in frame.split(b"\n")], name)


def filled_hub() -> Hub:
    hub = make_hub()
    Peer(hub).connect().rpc("rtwidgets.declare", channel=TABLE, key="id")
    pad = "x" * 2_000
    for number in range(1_000):
        hub.channel(TABLE).publish(msgspec.json.encode({"upsert": {"id": [number], "pad": [pad]}}), now=1.0)
        for name in ("stream:s", "event:e"):
            hub.channel(name).publish(msgspec.json.encode({"n": [number], "pad": [pad]}), now=1.0)
    return hub


@pytest.mark.parametrize("name", [TABLE, "stream:s", "event:e"])
@pytest.mark.parametrize("position", [{}, {"recover": True, "offset": 1}])
def test_nothing_large_waits_for_who_joins_or_recovers(name: str, position: dict[str, Any]) -> None:
    hub = filled_hub()
    peer = Peer(hub).connect()
    data = {"rtwidgets": {"snapshot": True}}
    peer.send({"id": 9, "subscribe": {"channel": name, "data": data, **position}})
    found = frames(peer)
    assert max(map(len, found)) < recovery.REPLY_BYTES + FRAME_BYTES + 4_096 and len(found) > 4
    reply = msgspec.json.decode(found[0].split(b"\n")[0])["subscribe"]
    assert reply.get("recovered", False) == bool(position)
    last = (reply.get("publications") or [reply])[-1].get("offset", 0)
    assert reply.get("offset", 0) == last + bool(position and name == TABLE and not last)
    offsets = [push["offset"] for push in pushed(found, name)]
    assert offsets[-1] == 1_000
    if name != TABLE:
        assert offsets == list(range(last + 1, 1_001))


def test_readers_at_the_same_place_share_a_piece() -> None:
    hub = filled_hub()
    peers = [Peer(hub).connect() for _ in range(2)]
    for peer in peers:
        peer.send({"id": 9, "subscribe": {"channel": TABLE}})
        assert peer.connection.take(1, 1.0) is not None
    for _ in range(3):
        first, second = (peer.connection.take(FRAME_BYTES, 1.0) for peer in peers)
        assert first is not None and first is second


def test_connect_reply_has_room_for_some_snapshots_only() -> None:
    hub = make_hub()
    names = [f"table:{number}" for number in range(8)]
    for name in names:
        Peer(hub).connect().rpc("rtwidgets.declare", channel=name, key="id")
        change = {"upsert": {"id": list(range(50)), "pad": ["x" * 2_000] * 50}}
        hub.channel(name).publish(msgspec.json.encode(change), now=1.0)
    token = jwt.encode({"sub": "ann", "channels": names}, SECRET, algorithm="HS256")
    peer = Peer(hub)
    peer.send({"id": 1, "connect": {"token": token}})
    found = frames(peer)
    assert len(found[0]) < recovery.REPLY_BYTES + channel.PIECE_BYTES
    subs = msgspec.json.decode(found[0].split(b"\n")[0])["connect"]["subs"]
    whole = [name for name in names if not subs[name]["data"].get("more")]
    assert 0 < len(whole) < 8
    for name in names:
        rows = subs[name]["data"]["rows"].get("id", [])
        assert len(rows) + sum(len(push["data"]["upsert"]["id"]) for push in pushed(found, name)) == 50


def test_past_that_the_log_lets_go_of_is_passed_over_and_no_more() -> None:
    hub = make_hub(
        namespaces={"short": Namespace("stream", history_size=10, recover=True)},
        limits=Limits(delivery_window=10),
    )

    def publish(count: int) -> None:
        for _ in range(count):
            hub.channel("short:s").publish(b'{"n":[1]}', now=1.0)

    publish(10)
    peer, other = Peer(hub).connect(), Peer(hub).connect()
    for each in (peer, other):
        each.send({"id": 9, "subscribe": {"channel": "short:s"}})
        assert b'"until":10' in (each.connection.take(1, 1.0) or b"")
    publish(5)
    assert [push["offset"] for push in publications(peer.messages(), "short:s")] == list(range(5, 16))
    publish(20)  # now some are gone that came after the other one joined
    assert b'"code":2500' in b"".join(frames(other))
