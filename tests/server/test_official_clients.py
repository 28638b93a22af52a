"""The official clients of the protocol work with the hub unchanged."""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from pathlib import Path
from typing import Any

from centrifuge import Client, ClientEventHandler, SubscriptionEventHandler

from hatch_build import find_node

from ..client.hub_process import ROOT, HubProcess, token

SCRIPT = Path(__file__).with_name("official_client.mjs")


def address(hub: HubProcess) -> str:
    return f"ws://127.0.0.1:{hub.port}/connection/websocket"


def test_javascript_client(hub: HubProcess) -> None:
    done = subprocess.run(
        [find_node()[0], str(SCRIPT), address(hub), token()],
        cwd=ROOT / "js",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "ok\n", done.stderr


class Seen(SubscriptionEventHandler):  # type: ignore[misc]
    """Keep what a subscription brings."""

    def __init__(self) -> None:
        self.data: list[Any] = []
        self.joined: list[str] = []
        self.recovered: list[bool] = []
        self.news = asyncio.Event()

    async def on_subscribed(self, ctx: Any) -> None:
        self.recovered.append(ctx.recovered)

    async def on_publication(self, ctx: Any) -> None:
        self.data.append(ctx.pub.data)
        self.news.set()

    async def on_join(self, ctx: Any) -> None:
        self.joined.append(ctx.info.user)


def test_python_client(hub: HubProcess) -> None:
    async def talk() -> None:
        channel = f"official_{uuid.uuid4().hex}"
        seen = Seen()
        ann = Client(address(hub), events=ClientEventHandler(), token=token("ann"))
        bob = Client(address(hub), events=ClientEventHandler(), token=token("bob"))
        sub = ann.new_subscription(channel, events=seen)
        await ann.connect()
        await bob.connect()
        await sub.subscribe()
        await sub.ready()
        await bob.ready()
        await bob.publish(channel, {"n": 1})
        await asyncio.wait_for(seen.news.wait(), 5)
        presence = await bob.presence(channel)
        assert [info.user for info in presence.clients.values()] == ["ann"]
        await ann.disconnect()
        await bob.publish(channel, {"n": 2})
        seen.news.clear()
        await ann.connect()
        await asyncio.wait_for(seen.news.wait(), 5)
        history = await bob.history(channel, limit=-1)
        assert [publication.data for publication in history.publications] == seen.data == [{"n": 1}, {"n": 2}]
        assert seen.recovered == [False, True]
        assert "ann" in seen.joined
        await ann.disconnect()
        await bob.disconnect()
        # The client closes its sockets in tasks of its own.
        closing = asyncio.all_tasks() - {asyncio.current_task()}
        if closing:
            await asyncio.wait(closing, timeout=5)

    asyncio.run(talk())
