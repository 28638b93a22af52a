"""A delivery checker over real sockets: readers that stall, are cut, look away and come back.

Every reader keeps a record of what it saw. What must hold: publications of an event or stream come in order,
none twice, none missing without a notice (`recovered: false`); tables and values end as their publisher's;
nothing comes while nobody looks.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ..client.hub_process import HubProcess, token

EVENT, STREAM, TABLE, VALUE = "event:check", "stream:check", "table:check", "value:check"
CHANNELS = (EVENT, STREAM, TABLE, VALUE)
SECONDS = 6.0
READERS = 12
PADDING = "x" * 400


def address(hub: HubProcess) -> str:
    return f"ws://127.0.0.1:{hub.port}/connection/websocket"


class Publisher:
    """Publish numbered items and remember what tables and values must end as."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: dict[int, int] = {}
        self.value = 0

    def batch(self, chance: random.Random) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for _ in range(chance.randrange(1, 30)):
            self.count += 1
            items.append({"channel": EVENT, "data": {"n": self.count, "pad": PADDING}})
            items.append({"channel": STREAM, "data": {"n": [self.count], "pad": [PADDING]}})
            key = chance.randrange(50)
            if chance.random() < 0.2 and key in self.rows:
                del self.rows[key]
                items.append({"channel": TABLE, "data": {"remove": [key]}})
            else:
                self.rows[key] = self.count
                items.append({"channel": TABLE, "data": {"upsert": {"id": [key], "n": [self.count]}}})
            self.value = self.count
            items.append({"channel": VALUE, "data": self.count})
        return items

    async def run(self, hub: HubProcess, chance: random.Random) -> None:
        async with connect(address(hub), compression=None, max_size=None) as socket:
            await socket.send(json.dumps({"id": 1, "connect": {"token": token()}}))
            declare = {"method": "rtwidgets.declare", "data": {"channel": TABLE, "key": "id"}}
            await socket.send(json.dumps({"id": 2, "rpc": declare}))
            end = asyncio.get_running_loop().time() + SECONDS
            seq = 0
            while asyncio.get_running_loop().time() < end:
                seq += 1
                data = {"producer": "checker", "seq": seq, "items": self.batch(chance)}
                await socket.send(
                    json.dumps({"id": 2 + seq, "rpc": {"method": "rtwidgets.publish", "data": data}})
                )
                await asyncio.sleep(0.01)
            acknowledged = 0
            while acknowledged < 2 + seq:
                for line in str(await socket.recv()).split("\n"):
                    reply = json.loads(line)
                    assert "error" not in reply and "errors" not in str(reply.get("rpc")), reply
                    acknowledged = max(acknowledged, reply.get("id", 0))


class Reader:
    """A client that resumes from its position and keeps what it saw."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.position: dict[str, tuple[str, int]] = {}
        self.numbers: dict[str, int] = {}
        # Up to this offset what comes was there before.
        self.until: dict[str, int] = {}
        self.rows: dict[int, int] = {}
        self.value = 0
        self.cuts = self.stalls = self.notices = self.seen = self.wishes = 0
        # How often each channel is wanted, and where the hub has acknowledged that nobody looks.
        self.max_hz: dict[str, float | None] = {}
        self.hidden: set[str] = set()
        self.hiding: dict[int, str] = {}
        self.pending: dict[int, str] = {}
        self.subscribed: set[str] = set()
        self._id = 0

    async def run(self, hub: HubProcess, finished: asyncio.Event, publisher: Publisher) -> None:
        while not (finished.is_set() and self.has_all(publisher)):
            async with connect(address(hub), compression=None, max_size=None, max_queue=1) as socket:
                await socket.send(json.dumps({"id": 1, "connect": {"token": token("bob")}}))
                self._id, self.pending, self.subscribed = 1, {}, set()
                self.hidden, self.hiding = set(), {}
                for channel in CHANNELS:
                    await self.subscribe(socket, channel)
                try:
                    await self.read(socket, finished, publisher)
                except ConnectionClosed:
                    self.cuts += 1

    async def read(self, socket: ClientConnection, finished: asyncio.Event, publisher: Publisher) -> None:
        while not (finished.is_set() and self.has_all(publisher)):
            try:
                lines = str(await asyncio.wait_for(socket.recv(), 0.5)).split("\n")
            except TimeoutError:
                lines = []
            for line in lines:
                await self.take(socket, json.loads(line))
            if finished.is_set():
                for channel in self.hidden & self.subscribed:
                    await self.wish(socket, channel, visible=True)
                continue
            dice = self.chance.random()
            if dice > 0.9 and self.subscribed:
                channel = self.chance.choice(sorted(self.subscribed))
                self.max_hz[channel] = self.chance.choice([None, 2, 20])
                await self.wish(socket, channel, visible=self.chance.random() < 0.7)
            if dice < 0.01:
                self.cuts += 1
                socket.transport.abort()
                return
            if dice < 0.03:
                self.stalls += 1
                await asyncio.sleep(self.chance.random() * 0.8)

    def has_all(self, publisher: Publisher) -> bool:
        return (
            self.numbers.get(EVENT) == self.numbers.get(STREAM) == publisher.count
            and self.value == publisher.value
            and self.rows == publisher.rows
        )

    async def subscribe(self, socket: ClientConnection, channel: str) -> None:
        wish = {"snapshot": True, "max_hz": self.max_hz.get(channel)}
        request: dict[str, Any] = {"channel": channel, "data": {"rtwidgets": wish}}
        if channel in self.position:
            epoch, offset = self.position[channel]
            request |= {"recover": True, "epoch": epoch, "offset": offset}
        self._id += 1
        self.pending[self._id] = channel
        await socket.send(json.dumps({"id": self._id, "subscribe": request}))

    async def wish(self, socket: ClientConnection, channel: str, *, visible: bool) -> None:
        self.wishes += 1
        self._id += 1
        if visible:
            self.hidden.discard(channel)
            self.hiding = {number: name for number, name in self.hiding.items() if name != channel}
        else:
            self.hiding[self._id] = channel
        data = {"channel": channel, "max_hz": self.max_hz.get(channel), "visible": visible}
        await socket.send(
            json.dumps({"id": self._id, "rpc": {"method": "rtwidgets.subscription", "data": data}})
        )

    async def take(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        push = message.get("push", {})
        if message == {}:
            await socket.send("{}")
        elif "subscribe" in message:
            self.on_subscribed(self.pending.pop(message["id"]), message["subscribe"])
        elif "rpc" in message:
            if channel := self.hiding.pop(message["id"], None):
                self.hidden.add(channel)
        elif "pub" in push:
            assert push["channel"] in self.subscribed - self.hidden
            self.on_publication(push["channel"], push["pub"])
        elif "unsubscribe" in push:
            assert push["unsubscribe"]["code"] == 2500
            self.subscribed.discard(push["channel"])
            self.hidden.discard(push["channel"])
            await self.subscribe(socket, push["channel"])

    def on_subscribed(self, channel: str, result: dict[str, Any]) -> None:
        self.subscribed.add(channel)
        known = self.position.get(channel)
        if result.get("recovered"):
            assert known is not None and known[0] == result["epoch"]
            self.until[channel] = 0
            for publication in result.get("publications", []):
                self.on_publication(channel, publication)
            assert self.position[channel][1] == result.get("offset", 0)
            return
        if known is not None:
            self.notices += 1
        self.position[channel] = (result["epoch"], result.get("offset", 0))
        data = result.get("data", {})
        if channel == TABLE:
            rows = data["rows"]
            self.rows = dict(zip(rows.get("id", []), rows.get("n", []), strict=True))
        elif channel == VALUE:
            self.value = data.get("value", 0)
        else:
            self.numbers.pop(channel, None)
            self.until[channel] = data["until"]

    def on_publication(self, channel: str, publication: dict[str, Any]) -> None:
        self.seen += 1
        epoch, offset = self.position[channel]
        assert publication["offset"] > offset, "a publication came twice or out of order"
        data = publication["data"]
        if channel in (EVENT, STREAM):
            # What was there before may go before it is read.
            is_past = publication["offset"] <= self.until[channel] + 1
            assert publication["offset"] == offset + 1 or is_past, "a publication is missing without a notice"
            number = data["n"] if channel == EVENT else data["n"][0]
            step = publication["offset"] - offset
            assert number == self.numbers.get(channel, number - step) + step
            self.numbers[channel] = number
        elif channel == TABLE:
            upsert = data.get("upsert", {"id": [], "n": []})
            self.rows.update(zip(upsert["id"], upsert["n"], strict=True))
            for key in data.get("remove", []):
                self.rows.pop(key, None)
        else:
            self.value = data
        self.position[channel] = (epoch, publication["offset"])


@pytest.mark.timeout(120)
def test_every_reader_sees_everything_once_or_is_told(hub: HubProcess) -> None:
    readers = [Reader(seed) for seed in range(READERS)]
    publisher = Publisher()

    async def check() -> None:
        finished = asyncio.Event()
        tasks = [asyncio.create_task(reader.run(hub, finished, publisher)) for reader in readers]
        try:
            await publisher.run(hub, random.Random(99))
            finished.set()
            await asyncio.wait_for(asyncio.gather(*tasks), 60)
        finally:
            for task in tasks:
                task.cancel()

    asyncio.run(check())
    assert publisher.count > 1_000
    # The check is worth something only when readers really stalled, were cut and were left behind.
    assert sum(reader.cuts for reader in readers) > 5
    assert sum(reader.stalls for reader in readers) > 5
    assert sum(reader.notices for reader in readers) > 0
    assert sum(reader.wishes for reader in readers) > 50
