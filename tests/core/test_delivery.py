"""The rule of the log: every publication once and in order, or an honest `recovered: false`."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rtwidgets.core import Limits, Namespace

from .peers import Peer, make_hub

READERS = st.integers(0, 2)
CHANNELS = ("small:a", "event:b", "value:c")
RATES = st.sampled_from([None, 2.0, 10.0])


class Reader:
    """A client that keeps what it saw, as the official ones do."""

    def __init__(self, machine: Delivery) -> None:
        self.machine = machine
        self.position: dict[str, tuple[str, int]] = {}
        # For each channel the publications that it must see next: (data) from its position on.
        self.expected: dict[str, list[int]] = {}
        self.visible: dict[str, bool] = {}
        # Of what came up to this offset the log may have let go of some.
        self.until: dict[str, int] = {}
        self.open()

    def open(self) -> None:
        self.peer = Peer(self.machine.hub)
        self.peer.now = self.machine.now
        self.peer.connect()
        self.subscribed: set[str] = set()

    def subscribe(self, channel: str, max_hz: float | None = None, visible: bool = True) -> None:
        if channel in self.subscribed:
            return
        wish = {"snapshot": True, "max_hz": max_hz, "visible": visible}
        self.visible[channel] = visible
        request: dict[str, Any] = {"channel": channel, "data": {"rtwidgets": wish}}
        if channel in self.position:
            epoch, offset = self.position[channel]
            request |= {"recover": True, "epoch": epoch, "offset": offset}
        number = 1000 + len(self.subscribed)
        self.peer.send({"id": number, "subscribe": request})
        self.read()

    def adjust(self, channel: str, max_hz: float | None, visible: bool) -> None:
        self.read()
        if channel not in self.subscribed:
            return
        self.visible[channel] = visible
        wish = {"max_hz": max_hz, "visible": visible}
        # What becomes due meanwhile comes with a later read.
        self.peer.send(
            {"id": 9, "rpc": {"method": "rtwidgets.subscription", "data": {"channel": channel, **wish}}}
        )
        frame = self.peer.connection.take(1, self.machine.now)
        assert frame is not None
        assert msgspec.json.decode(frame) == {"id": 9, "rpc": {"data": wish}}

    def lose(self) -> None:
        self.peer.connection.end(self.machine.now)
        self.open()

    def read_one(self, max_bytes: int) -> None:
        """Take one frame, and leave the rest."""
        self.peer.hub.flush(self.machine.now)
        frame = self.peer.connection.take(max_bytes, self.machine.now)
        for line in frame.split(b"\n") if frame is not None else []:
            self.on_message(msgspec.json.decode(line))

    def read(self) -> None:
        for message in self.peer.messages():
            self.on_message(message)

    def on_message(self, message: dict[str, Any]) -> None:
        if "subscribe" in message:
            self.on_subscribed(message["subscribe"])
        elif "pub" in message.get("push", {}):
            assert self.visible[message["push"]["channel"]], "a hidden view gets nothing"
            self.on_publication(message["push"]["channel"], message["push"]["pub"])
        elif "unsubscribe" in message.get("push", {}):
            assert message["push"]["unsubscribe"]["code"] == 2500
            self.subscribed.discard(message["push"]["channel"])

    def on_subscribed(self, result: dict[str, Any]) -> None:
        # One subscribe is under way at a time: find its channel by its epoch.
        channel = next(c for c in CHANNELS if self.machine.hub.channel(c).log.epoch == result["epoch"])
        self.subscribed.add(channel)
        assert result["data"]["rtwidgets"]["visible"] == self.visible[channel]
        if not result.get("recovered"):
            # A new start, said in so many words: the position moves to the reply's.
            self.position[channel] = (result["epoch"], result.get("offset", 0))
            self.until[channel] = result["data"].get("until", 0)
            return
        assert result["epoch"] == self.position[channel][0]
        self.until[channel] = 0
        for publication in result.get("publications", []):
            self.on_publication(channel, publication)

    def on_publication(self, channel: str, publication: dict[str, Any]) -> None:
        epoch, offset = self.position[channel]
        published = self.machine.published[channel]
        if channel.startswith("value:"):
            assert publication["offset"] > offset
        else:
            is_past = offset < publication["offset"] <= self.until[channel] + 1
            assert publication["offset"] == offset + 1 or is_past, "a gap or a repeat"
        assert publication["data"] == published[publication["offset"] - 1]
        self.position[channel] = (epoch, publication["offset"])


class Delivery(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.hub = make_hub(
            namespaces={"small": Namespace("event", history_size=3, recover=True)},
            limits=Limits(delivery_window=6, conflate_after=3),
        )
        self.published: dict[str, list[int]] = {channel: [] for channel in CHANNELS}
        self.count = 0
        self.now = 1.0
        self.publisher = Peer(self.hub).connect()
        self.all = [Reader(self) for _ in range(3)]

    @rule(
        channel=st.sampled_from(CHANNELS), count=st.sampled_from([1, 2, 3, 6, 7, 8]), together=st.booleans()
    )
    def publish(self, channel: str, count: int, together: bool) -> None:
        frames = []
        for _ in range(count):
            number = self.count = self.count + 1
            self.published[channel].append(number)
            frames.append(
                b'{"id":%d,"publish":{"channel":"%b","data":%d}}' % (number, channel.encode(), number)
            )
        for batch in [frames] if together else [[frame] for frame in frames]:
            self.publisher.connection.receive(batch, self.now)
        assert len(self.publisher.messages()) == count

    @rule(reader=READERS, channel=st.sampled_from(CHANNELS), max_hz=RATES, visible=st.sampled_from([1, 1, 0]))
    def subscribe(self, reader: int, channel: str, max_hz: float | None, visible: int) -> None:
        self.all[reader].subscribe(channel, max_hz, bool(visible))

    @rule(reader=READERS, channel=st.sampled_from(CHANNELS), max_hz=RATES, visible=st.booleans())
    def adjust(self, reader: int, channel: str, max_hz: float | None, visible: bool) -> None:
        self.all[reader].adjust(channel, max_hz, visible)

    @rule(seconds=st.sampled_from([0.005, 0.11, 0.6]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for peer in (self.publisher, *(reader.peer for reader in self.all)):
            peer.now = self.now

    @rule(reader=READERS, channel=st.sampled_from(CHANNELS))
    def unsubscribe(self, reader: int, channel: str) -> None:
        who = self.all[reader]
        who.read()
        if channel in who.subscribed:
            who.peer.ask(unsubscribe={"channel": channel})
            who.subscribed.discard(channel)

    @rule(reader=READERS, max_bytes=st.sampled_from([1, 150, 300]))
    def read(self, reader: int, max_bytes: int) -> None:
        self.all[reader].read_one(max_bytes)

    @rule(reader=READERS)
    def lose_connection(self, reader: int) -> None:
        self.all[reader].lose()

    @invariant()
    def who_has_read_everything_is_at_the_top(self) -> None:
        for reader in self.all:
            due = reader.peer.hub.flush(self.now)
            connection = reader.peer.connection
            for channel in reader.subscribed:
                cursor = connection.cursors[channel]
                if not cursor.visible or cursor.waiting:
                    continue
                if cursor.offset < cursor.channel.log.top:
                    assert cursor.max_hz < math.inf and self.now < due <= self.now + 1 / cursor.max_hz
                else:
                    assert reader.position[channel][1] == cursor.channel.log.top

    @rule(channel=st.sampled_from(CHANNELS))
    def lose_the_log(self, channel: str) -> None:
        if not self.hub.channel(channel).cursors:
            self.hub.end_channel(self.hub.channels[channel])
            self.published[channel] = []

    def teardown(self) -> None:
        for reader in self.all:
            for channel in CHANNELS:
                reader.adjust(channel, None, visible=True)
            # A code 2500 is answered like the official clients do: by subscribing again.
            wanted = set(reader.position)
            reader.read()
            for channel in sorted(wanted):
                reader.subscribe(channel)
            reader.read()
            for channel in wanted & reader.subscribed:
                assert reader.position[channel][1] == len(self.published[channel])


Delivery.TestCase.settings = settings(max_examples=250, stateful_step_count=40)
TestDelivery = Delivery.TestCase
