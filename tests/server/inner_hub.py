"""A hub on a thread of the test's own process, so that a test can look inside and count."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from websockets.sync.client import connect

from rtwidgets.server.app import HubApp
from rtwidgets.server.certificate import Certificate
from rtwidgets.server.run import bind, make_server
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import SECRET, token
from .sockets import Line

Result = TypeVar("Result")

CHANNEL = "stream:inside"
SOCKET_BUFFER_BYTES = 32 * 1024


class InnerHub:
    """A hub whose objects may be looked at with `call`.

    The buffers of its sockets are small, so that who reads nothing stalls soon.

    Args:
        gate: Whether its gate stands; without, a test sees what the gate keeps out.
        tls: What it speaks TLS with.
    """

    def __init__(
        self, settings: Settings | None = None, *, gate: bool = True, tls: Certificate | None = None
    ) -> None:
        self._listener = bind("127.0.0.1", 0)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        self.port = self._listener.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/connection/websocket"
        self.app = HubApp(settings or Settings(auth=AuthSection(hmac_secret=SECRET)), self.port)
        if not gate:
            self.app.asgi.user_middleware.clear()
        ready = threading.Event()
        self._server = make_server(self.app, ready.set, tls=tls)
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        self._thread.start()
        assert ready.wait(10)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._listener])

    def call(self, act: Callable[[], Result]) -> Result:
        """Run something on the hub's thread, in one turn of its loop, and return the result."""

        async def run() -> Result:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def publish(self, numbers: range, padding: bytes = b"") -> None:
        """Publish numbers; use it inside `call`."""
        channel = self.app.hub.channel(CHANNEL)
        for number in numbers:
            channel.publish(b'{"x":[%d],"pad":["%b"]}' % (number, padding), now=self.app.now())

    def close(self) -> None:
        """End it."""
        self._server.should_exit = True
        self._thread.join(20)

    @contextmanager
    def subscribed(self, count: int) -> Iterator[list[Line]]:
        """Open sockets that have subscribed."""
        with ExitStack() as stack:
            lines = []
            for _ in range(count):
                plain = socket.socket()
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
                plain.connect(self._listener.getsockname())
                line = Line(stack.enter_context(connect(self.url, sock=plain, compression=None, max_queue=1)))
                line.ask(connect={"token": token()})
                line.ask(subscribe={"channel": CHANNEL})
                lines.append(line)
            yield lines
