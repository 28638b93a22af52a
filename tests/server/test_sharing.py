"""What one publication costs: nothing is encoded, joined, framed, queued or scheduled once per recipient."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
from websockets.sync.client import connect

from rtwidgets.protocol.codec import publication_lines
from rtwidgets.server.app import HubApp
from rtwidgets.server.frame_parser import frame_head
from rtwidgets.server.frames import FramesProtocol
from rtwidgets.server.run import bind, make_server
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import SECRET, token
from .sockets import Line

CHANNEL = "stream:shared"
PUBLICATIONS = 40
# Publications of one turn of the loop, so that one frame holds several.
TOGETHER = 4


class Counts:
    """What the hub does from now on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.encoded = 0
        self.framed = 0
        # Frames in the order they were written to each connection.
        self.written: dict[FramesProtocol, list[bytes]] = {}
        # The largest number of tasks at any write.
        self.tasks = 0
        write = FramesProtocol.write

        def counting_encode(form: bytes, items: list[bytes], *rest: Any) -> list[bytes]:
            self.encoded += len(items)
            return publication_lines(form, items, *rest)

        def counting_head(*arguments: Any) -> bytes:
            self.framed += 1
            return frame_head(*arguments)

        def noting_write(port: FramesProtocol, frame: bytes) -> None:
            self.written.setdefault(port, []).append(frame)
            self.tasks = max(self.tasks, len(asyncio.all_tasks()))
            write(port, frame)

        patch.setattr("rtwidgets.core.log.publication_lines", counting_encode)
        patch.setattr("rtwidgets.server.outlets.frame_head", counting_head)
        patch.setattr(FramesProtocol, "write", noting_write)


class OwnHub:
    """A hub on a thread of this process, so that a test can look inside."""

    def __init__(self) -> None:
        listener = bind("127.0.0.1", 0)
        self.port = listener.getsockname()[1]
        self.app = HubApp(Settings(auth=AuthSection(hmac_secret=SECRET)), self.port)
        ready = threading.Event()
        self._server = make_server(self.app, ready.set)
        self._listener = listener
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        self._thread.start()
        assert ready.wait(10)

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._listener])

    def call(self, act: Callable[[], Any]) -> Any:
        """Run something on the hub's thread and return its result."""

        async def run() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def publish(self, numbers: range) -> None:
        channel = self.app.hub.channel(CHANNEL)
        for number in numbers:
            channel.publish(b'{"x":[%d]}' % number, now=self.app.now())

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)


@contextmanager
def subscribed(hub: OwnHub, count: int) -> Iterator[list[Line]]:
    """Open sockets that have subscribed."""
    url = f"ws://127.0.0.1:{hub.port}/connection/websocket"
    with ExitStack() as stack:
        lines = []
        for _ in range(count):
            socket = stack.enter_context(connect(url, compression=None, proxy=None, max_queue=None))
            line = Line(socket)
            line.ask(connect={"token": token()})
            line.ask(subscribe={"channel": CHANNEL})
            lines.append(line)
        yield lines


@pytest.fixture
def hub() -> Iterator[OwnHub]:
    hub = OwnHub()
    yield hub
    hub.close()


@pytest.mark.parametrize("recipients", [1, 30])
def test_publication_is_encoded_joined_and_framed_once_for_all(
    hub: OwnHub, monkeypatch: pytest.MonkeyPatch, recipients: int
) -> None:
    tasks_alone = hub.call(lambda: len(asyncio.all_tasks()))
    with subscribed(hub, recipients) as lines:
        tasks_at_rest = hub.call(lambda: len(asyncio.all_tasks()))
        counts = Counts(monkeypatch)
        for start in range(0, PUBLICATIONS, TOGETHER):
            hub.call(partial(hub.publish, range(start, start + TOGETHER)))
        for line in lines:
            while len(line.pushes) < PUBLICATIONS:
                line.receive()
            assert [push["pub"]["data"]["x"][0] for push in line.pushes] == list(range(PUBLICATIONS))
        assert counts.encoded == PUBLICATIONS
        first, *others = counts.written.values()
        assert len(others) == recipients - 1
        for written in others:
            # Not equal bytes but the same objects.
            assert list(map(id, written)) == list(map(id, first))
        assert counts.framed == len(first) <= PUBLICATIONS // TOGETHER
        # uvicorn has one task for every connection; writing to them takes none.
        assert tasks_at_rest == tasks_alone + recipients
        assert counts.tasks <= tasks_at_rest


def test_readers_that_stall_hold_no_publications(hub: OwnHub) -> None:
    log = hub.app.hub.channel(CHANNEL).log
    with subscribed(hub, 10):
        connections = list(hub.app.hub.connections.values())

        def publish_and_count() -> set[int]:
            hub.publish(range(PUBLICATIONS))
            hub.app.hub.flush(hub.app.now())
            # All are in line now and none has been written to.
            assert all(connection.has_output for connection in connections)
            return {sys.getrefcount(line) for line in log._lines}

        held = hub.call(publish_and_count)
    alone = {sys.getrefcount(line) for line in [b"%d" % number for number in range(1000, 1003)]}
    assert held == alone
