"""Whatever happens: what was acknowledged is there, once and in order, and nobody has seen what is not."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rtwidgets.core.batch import ArchiveFault

from .model_archive import AWAY, IN_DOUBT, ModelArchive
from .peers import Peer
from .test_archiving import start
from .test_table import apply, full

EVENTS, TABLE, VALUE, CHAT = CHANNELS = ("event:e", "table:t", "value:v", "chat:c")


class Producer:
    """Sends numbered batches in order, and again what was not acknowledged."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seq = 0
        self.count = 0
        self.unsent: deque[int] = deque()
        self.batches: dict[int, list[tuple[str, Any]]] = {}
        self._acknowledged: dict[int, list[tuple[str, Any]]] = {}
        self.ids: dict[int, int] = {}

    def add(self, channels: list[str], seed: int) -> None:
        self.seq += 1
        items = []
        for channel in channels:
            self.count += 1
            items.append((channel, self._data(channel, f"{self.name}{self.count}", seed)))
        self.batches[self.seq] = items
        self.unsent.append(self.seq)

    def connect(self, hub: Any) -> None:
        self.peer = Peer(hub, self.name).connect()
        self.ids.clear()
        self.unsent = deque(self.batches)

    def send(self) -> None:
        if not self.unsent:
            return
        seq = self.unsent.popleft()
        number = 1_000 + len(self.ids)
        self.ids[number] = seq
        items = [{"channel": channel, "data": data} for channel, data in self.batches[seq]]
        data = {"producer": "p", "seq": seq, "items": items}
        self.peer.send({"id": number, "rpc": {"method": "rtwidgets.publish", "data": data}})

    def hear(self) -> None:
        for message in self.peer.messages():
            seq = self.ids.get(message.get("id", 0))
            if seq is None:
                continue
            errors = message["rpc"]["data"].get("errors", [])
            if any(error.get("temporary") for error in errors):
                self.unsent = deque(sorted({*self.unsent, seq}))
            elif seq in self.batches:
                # What a kind refuses, such as an edit of a message that is gone, is not published.
                refused = {error["index"] for error in errors}
                items = self.batches.pop(seq)
                self._acknowledged[seq] = [item for n, item in enumerate(items) if n not in refused]

    @property
    def acknowledged(self) -> list[tuple[str, Any]]:
        return [item for seq in sorted(self._acknowledged) for item in self._acknowledged[seq]]

    def _data(self, channel: str, mark: str, seed: int) -> Any:
        match channel:
            case "event:e":
                return mark
            case "value:v":
                return {"mark": mark}
            case "table:t":
                if seed % 3 == 0:
                    return {"remove": [seed % 4], "upsert": {"id": [7], "mark": [mark]}}
                column = f"c{seed % 3}"
                return {"upsert": {"id": [seed % 4, 7], column: [seed, None], "mark": [mark, mark]}}
            case _:
                known = f"{self.name}{seed % 5}"
                match seed % 6:
                    case 0:
                        return {"type": "edit", "id": known, "text": mark}
                    case 2:
                        return {"type": "delete", "id": known}
                    case 4:
                        return {"type": "reaction", "id": f"ann{seed % 5}", "emoji": mark}
                    case _:
                        return {"type": "message", "id": mark, "text": mark}


class Reader:
    """Follows a channel over restarts, and knows what it was shown."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.epoch = ""
        self.offset = 0

    def connect(self, archive: ModelArchive) -> None:
        self.archive = archive
        self.peer = Peer(archive.hub, "reader").connect()
        self.is_live = False
        where = {"recover": True, "epoch": self.epoch, "offset": self.offset} if self.epoch else {}
        self.peer.send({"id": 1, "subscribe": {"channel": self.channel, **where}})

    def hear(self) -> None:
        for message in self.peer.messages():
            if "subscribe" in message:
                reply = message["subscribe"]
                self.is_live = True
                kept = self.archive.channels.get(self.channel)
                if self.epoch and kept is not None and kept.epoch == self.epoch:
                    assert reply["recovered"], reply
                    for publication in reply.get("publications", []):
                        self._see(publication)
                self.epoch, self.offset = reply["epoch"], reply.get("offset", 0)
            elif "error" in message:
                assert message["error"]["temporary"], message
                self.connect(self.archive)
            elif "pub" in message.get("push", {}):
                self._see(message["push"]["pub"])

    def _see(self, publication: dict[str, Any]) -> None:
        self.offset += 1
        assert publication["offset"] == self.offset, "a gap, or something twice"
        kept = self.archive.channels[self.channel].publications
        assert len(kept) >= self.offset, "shown, and not committed"
        now = msgspec.json.decode(kept[self.offset - 1][1])
        if now["data"] != publication["data"] and now["data"].get("type") == "delete":
            # Deleted there, and the hub has not heard of it yet.
            now["data"] = publication["data"]
        assert now == publication


class Glancer:
    """Looks at a table now and then, and is shown changes that are merged; over restarts, too."""

    def __init__(self) -> None:
        self.rows: dict[Any, dict[str, Any]] = {}
        self.epoch = ""
        self.offset = 0

    def connect(self, archive: ModelArchive) -> None:
        self.archive = archive
        self.peer = Peer(archive.hub, "glancer").connect()
        wish = {"rtwidgets": {"max_hz": 1}}
        where = {"recover": True, "epoch": self.epoch, "offset": self.offset} if self.epoch else {}
        self.peer.send({"id": 1, "subscribe": {"channel": TABLE, "data": wish, **where}})

    def hear(self) -> None:
        for message in self.peer.messages():
            if "error" in message:
                self.connect(self.archive)
                return
            if "subscribe" in message:
                reply = message["subscribe"]
                kept = self.archive.channels.get(TABLE)
                if self.epoch and kept is not None and kept.epoch == self.epoch:
                    assert reply["recovered"], reply
                else:
                    self.rows = {}
                    self._see({"upsert": reply["data"]["rows"]}, reply.get("offset", 0))
                self.epoch, self.offset = reply["epoch"], reply.get("offset", 0)
            elif "pub" in message.get("push", {}):
                publication = message["push"]["pub"]
                self._see(publication["data"], publication["offset"])

    def look(self) -> None:
        self.peer.now += 2
        self.hear()

    def _see(self, change: dict[str, Any], offset: int) -> None:
        apply(self.rows, change)
        self.offset = offset
        kept = self.archive.channels.get(TABLE)
        rows: dict[Any, dict[str, Any]] = {}
        for _, data in kept.publications[:offset] if kept is not None else ():
            apply(rows, msgspec.json.decode(data)["data"])
        assert full(self.rows) == full(rows), "shown, and not committed"


def random_step(random: Random) -> tuple[Any, ...]:
    kind = random.choices(("publish", "send", "commit", "load", "restart"), (5, 6, 8, 4, 1))[0]
    match kind:
        case "publish":
            channels = random.choices(CHANNELS, k=random.randint(1, 3))
            return "publish", random.randrange(2), channels, random.randrange(12)
        case "send":
            return "send", random.randrange(2)
        case "commit":
            outcomes = ("begin", "commit", "fail", "doubt kept", "doubt lost")
            return random.choices(outcomes, (6, 4, 1, 1, 1))[0], None
        case "load":
            answers = ("loads", "loads fail", "settles", "settles fail", "look")
            return random.choices(answers, (4, 1, 4, 1, 3))[0], None
        case _:
            return "restart", random.choice((True, False))


class World:
    def __init__(self) -> None:
        self.archive = ModelArchive()
        self.producers = [Producer("ann"), Producer("bob")]
        self.readers = [Reader(channel) for channel in CHANNELS if channel != TABLE]
        self.glancer = Glancer()
        self.restart()
        self.producers[0].peer.rpc_later(self.archive, "rtwidgets.declare", channel=TABLE, key="id")

    def restart(self, *, commit_first: bool = False) -> None:
        """Kill the hub, perhaps right behind a commit, and start it again."""
        if commit_first:
            for batch in self.archive.under_way:
                self.archive.keep(batch)
        start(self.archive)
        for producer in self.producers:
            producer.connect(self.archive.hub)
        for reader in self.readers:
            reader.connect(self.archive)
        self.glancer.connect(self.archive)

    def step(self, step: tuple[Any, ...]) -> None:
        archive = self.archive
        match step:
            case ("publish", who, channels, seed):
                self.producers[who].add(channels, seed)
            case ("send", who):
                self.producers[who].send()
            case ("begin", _):
                archive.begin()
            case ("commit", _):
                archive.end()
            case ("fail", _):
                archive.end(AWAY)
            case ("doubt kept", _):
                archive.end(IN_DOUBT, keep=True)
            case ("doubt lost", _):
                archive.end(IN_DOUBT, keep=False)
            case ("loads", _):
                archive.answer_loads()
            case ("loads fail", _):
                archive.answer_loads(ArchiveFault("away"))
            case ("settles", _):
                archive.answer_settles()
            case ("settles fail", _):
                archive.answer_settles(AWAY)
            case ("look", _):
                self.glancer.look()
            case ("restart", commit_first):
                self.restart(commit_first=commit_first)
        self.hear()

    def hear(self) -> None:
        for producer in self.producers:
            producer.hear()
        for reader in self.readers:
            reader.hear()
        self.glancer.hear()

    def settle(self) -> None:
        """Let everything come to an end."""
        for _ in range(200):
            for producer in self.producers:
                while producer.unsent:
                    producer.send()
            self.archive.work()
            self.hear()
            if not any(producer.batches for producer in self.producers):
                return
        raise AssertionError("the producers never come to an end")

    def published(self, channel: str) -> list[dict[str, Any]]:
        kept = self.archive.channels.get(channel)
        return [] if kept is None else [msgspec.json.decode(data) for _, data in kept.publications]


def snapshots(archive: ModelArchive) -> dict[int, Any]:
    peer = Peer(archive.hub, "late").connect()
    for number, channel in enumerate(CHANNELS, 1):
        peer.send({"id": number, "subscribe": {"channel": channel}})
    archive.work()
    return {message["id"]: message["subscribe"] for message in peer.messages() if "id" in message}


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_acknowledged_means_there_and_nothing_else_was_shown(seed: int) -> None:
    random = Random(seed)
    world = World()
    for _ in range(120):
        world.step(random_step(random))
    world.settle()
    for channel in CHANNELS:
        published = world.published(channel)
        assert [publication["offset"] for publication in published] == list(range(1, len(published) + 1))
        data = [msgspec.json.encode(publication["data"]) for publication in published]
        for producer in world.producers:
            sent = [msgspec.json.encode(item) for name, item in producer.acknowledged if name == channel]
            own = [item for item in data if item in set(sent)]
            if channel in (EVENTS, VALUE):
                assert own == sent, "lost, repeated or out of order"
            elif channel == TABLE:
                assert len(own) == len(sent)
    before = snapshots(world.archive)
    world.restart()
    world.archive.work()
    after = snapshots(world.archive)
    for number, channel in enumerate(CHANNELS, 1):
        if channel in world.archive.channels:
            assert after[number] == before[number]
    world.hear()
    assert all(reader.offset == len(world.published(reader.channel)) for reader in world.readers)
