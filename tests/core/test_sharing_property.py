"""Two hubs share a broker; hubs end, commits fail, hints get lost, batches are forgotten, data is lost.

What was acknowledged is there, once and in order, and all hubs show the same.
"""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .model_broker import AWAY, IN_DOUBT, ModelBroker, Port
from .peers import Peer, make_hub
from .test_archiving import NAMES
from .test_archiving_property import CHANNELS, EVENTS, TABLE, VALUE, Producer
from .test_table import apply, full


class Reader:
    """Follows a channel, on one hub and then on the other, and knows what it was shown."""

    def __init__(self, world: World, channel: str) -> None:
        self.world = world
        self.channel = channel
        self.epoch = ""
        self.offset = 0
        self.notices = 0
        self.may_differ = False
        self.rows: dict[Any, dict[str, Any]] = {}
        self.kept: dict[tuple[str, int], Any] = {}

    def connect(self, port: Port) -> None:
        self.port = port
        self.peer = Peer(port.hub, "reader").connect()
        self.subscribe()

    def subscribe(self) -> None:
        where = {"recover": True, "epoch": self.epoch, "offset": self.offset} if self.epoch else {}
        self.peer.send({"id": 1, "subscribe": {"channel": self.channel, **where}})

    def hear(self) -> None:
        for message in self.peer.messages():
            push = message.get("push", {})
            if "subscribe" in message:
                self._begin(message["subscribe"])
            elif "error" in message:
                assert message["error"]["temporary"], message
                self.subscribe()
            elif "pub" in push:
                step = push["pub"]["offset"] - self.offset
                # Of values and tables who is behind gets one for many.
                assert step == 1 or (step > 1 and self.channel in (VALUE, TABLE)), "a gap, or something twice"
                # One that recovers gets whole rows, however few.
                is_piece = self.channel == TABLE and "rank" in push["pub"]["data"]
                self._see(push["pub"], merged=step > 1 or is_piece)
            elif "unsubscribe" in push:
                assert push["unsubscribe"]["code"] == 2500
                self.notices += 1
                self.subscribe()

    def _begin(self, reply: dict[str, Any]) -> None:
        if self.epoch and reply.get("recovered"):
            assert reply["epoch"] == self.epoch
            # A hub that had what the broker lost notices it; a later one can only go by the position.
            self.may_differ = self.may_differ or self.world.has_lost
            for publication in reply.get("publications", []):
                assert publication["offset"] == self.offset + 1, "a gap, or something twice"
                self._see(publication)
            assert self.offset == reply.get("offset", 0)
            return
        if self.epoch:
            assert reply["was_recovering"]
            self.notices += 1
        self.epoch, self.offset = reply["epoch"], reply.get("offset", 0)
        self.may_differ = False
        self.rows = {}
        if self.channel == TABLE:
            apply(self.rows, {"upsert": reply["data"]["rows"]})

    def _see(self, publication: dict[str, Any], *, merged: bool = False) -> None:
        self.offset = publication["offset"]
        if not merged:
            self.world.note(self.channel, self.epoch, publication)
        if self.channel == TABLE:
            apply(self.rows, publication["data"])


class World:
    def __init__(self) -> None:
        self.broker = ModelBroker()
        self.ports = [self.start(), self.start()]
        self.producers = [Producer("ann"), Producer("bob")]
        self.readers = [Reader(self, channel) for channel in CHANNELS for _ in range(2)]
        self.shown: dict[tuple[str, str, int], Any] = {}
        self.saved: Any = None
        self.has_lost = False
        for number, reader in enumerate(self.readers):
            reader.connect(self.ports[number % 2])
        for number, producer in enumerate(self.producers):
            producer.connect(self.ports[number].hub)
        peer = Peer(self.ports[0].hub).connect()
        peer.send({"id": 1, "rpc": {"method": "rtwidgets.declare", "data": {"channel": TABLE, "key": "id"}}})
        self.settle()

    def note(self, channel: str, epoch: str, publication: dict[str, Any]) -> None:
        """Under one position everybody is shown the same, or that it was deleted."""
        key = channel, epoch, publication["offset"]
        first = self.shown.setdefault(key, publication)
        # Hubs that stood at different places when the broker lost something agree again once they see it.
        assert first == publication or self.has_lost or one_deletes_the_other(first, publication)

    def start(self) -> Port:
        port = self.broker.join(make_hub(broker=self.broker, namespaces=NAMES))
        return port

    def restart(self, which: int, *, commit_first: bool) -> None:
        """Kill a hub, perhaps right behind a commit; who was there goes to another, or to the new one."""
        old = self.ports[which]
        if commit_first:
            for batch in old.under_way:
                self.broker.commit(batch)
        self.broker.ports.remove(old)
        self.ports[which] = self.start()
        for number, reader in enumerate(self.readers):
            if reader.port is old:
                reader.connect(self.ports[(which + number) % 2])
        for number, producer in enumerate(self.producers):
            if producer.peer.hub is old.hub:
                producer.connect(self.ports[(which + number) % 2].hub)

    def step(self, random: Random) -> None:
        steps = ("publish", "send", "begin", "end", "hints", "enter", "asked", "sweep", "rare")
        step = random.choices(steps, (5, 6, 6, 6, 5, 4, 4, 1, 1))[0]
        which = random.randrange(2)
        port, producer = self.ports[which], self.producers[random.randrange(2)]
        fails = random.random() < 0.15
        match step:
            case "publish":
                producer.add(random.choices(CHANNELS, k=random.randint(1, 3)), random.randrange(12))
            case "send":
                producer.send()
            case "begin":
                port.begin()
            case "end":
                fault = random.choice((AWAY, IN_DOUBT)) if fails else None
                port.end(fault, keep=random.random() < 0.5 if fault is IN_DOUBT else None)
            case "hints":
                if fails:
                    port.hints.clear()
                port.deliver(random.randint(1, 4))
            case "enter":
                port.answer_entering(AWAY if fails else None)
            case "asked":
                port.answer_asked(AWAY if fails else None)
            case "sweep":
                port.sweep()
            case "rare":
                self.rare(random, which)
        self.hear()

    def rare(self, random: Random, which: int) -> None:
        match random.randrange(3):
            case 0:
                self.broker.trim(random.randrange(8))
            case _:
                self.restart(which, commit_first=random.random() < 0.5)

    def lose(self, random: Random) -> None:
        """Let the broker go back to what it was some time ago, or to nothing."""
        if self.saved is None or random.random() < 0.3:
            self.saved = deepcopy(self.broker.channels)
        elif random.random() < 0.3:
            self.broker.channels, self.saved = self.saved, None
            self.has_lost = True
        elif random.random() < 0.1:
            self.broker.channels = {}
            self.has_lost = True

    def hear(self) -> None:
        for producer in self.producers:
            producer.hear()
        for reader in self.readers:
            reader.hear()

    def settle(self) -> None:
        """Let everything come to an end."""
        for _ in range(200):
            for producer in self.producers:
                while producer.unsent:
                    producer.send()
            for port in self.ports:
                port.sweep()
                port.work()
            self.hear()
            self.hear()  # who was told that a subscription ended has a new one now
            busy = any(port.under_way or port.asked or port.entering or port.hints for port in self.ports)
            # From a position that is not there, once the broker was asked.
            busy = busy or any(reader.peer.connection.awaited for reader in self.readers)
            if not busy and not any(producer.batches for producer in self.producers) and self.is_even():
                return
        raise AssertionError("it never comes to an end")

    def is_even(self) -> bool:
        kept = {name: (channel.epoch, channel.last) for name, channel in self.broker.channels.items()}
        return all(
            replica.last == kept[replica.name] for port in self.ports for replica in port.sharing.served()
        )


def one_deletes_the_other(one: dict[str, Any], other: dict[str, Any]) -> bool:
    forms = [one["data"], other["data"]]
    return "delete" in [form.get("type") for form in forms] and forms[0]["id"] == forms[1]["id"]


def rows_in(reply: dict[str, Any]) -> dict[Any, dict[str, Any]]:
    rows: dict[Any, dict[str, Any]] = {}
    apply(rows, {"upsert": reply["data"]["rows"]})
    return rows


def snapshots(port: Port) -> dict[int, Any]:
    peer = Peer(port.hub, "late").connect()
    for number, channel in enumerate(CHANNELS, 1):
        peer.send({"id": number, "subscribe": {"channel": channel}})
    port.work()
    return {message["id"]: message["subscribe"] for message in peer.messages() if "id" in message}


def check_all_the_same(world: World) -> None:
    world.settle()
    for port in world.ports:
        assert port.hub.budget.kept == sum(channel.kind.size for channel in port.hub.channels.values())
    first, second = snapshots(world.ports[0]), snapshots(world.ports[1])
    for number, channel in enumerate(CHANNELS, 1):
        assert first[number]["epoch"] == second[number]["epoch"]
        if channel not in (EVENTS, "chat:c"):
            assert first[number] == second[number]
        kept = world.broker.channels[channel]
        for reader in world.readers:
            if reader.channel == channel == TABLE and not reader.may_differ:
                assert full(reader.rows) == full(rows_in(first[number]))
            if reader.channel == channel:
                assert (reader.epoch, reader.offset) == (kept.epoch, kept.place.offset)


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_acknowledged_is_there_once_and_in_order_on_all_hubs(seed: int) -> None:
    random = Random(seed)
    world = World()
    for _ in range(150):
        world.step(random)
    check_all_the_same(world)
    for producer in world.producers:
        for channel in (EVENTS, VALUE):
            sent = [msgspec.json.encode(item) for name, item in producer.acknowledged if name == channel]
            shown = sorted((key[2], key[1], item) for key, item in world.shown.items() if key[0] == channel)
            seen = [msgspec.json.encode(item["data"]) for _, _, item in shown]
            own = [item for item in seen if item in set(sent)]
            # A reader may have missed some where it was told so.
            order = {item: number for number, item in enumerate(sent)}
            assert [order[item] for item in own] == sorted(order[item] for item in own)
            assert len(own) == len(set(own)), "twice"
            if not any(reader.notices for reader in world.readers if reader.channel == channel):
                assert own == sent, "lost"


@settings(max_examples=60)
@given(st.integers(0, 2**32))
@example(926839)  # empty for a while, then as it was some time ago
def test_a_broker_that_loses_data_is_seen_and_readers_are_told(seed: int) -> None:
    random = Random(seed)
    world = World()
    for _ in range(150):
        world.step(random)
        world.lose(random)
    check_all_the_same(world)
