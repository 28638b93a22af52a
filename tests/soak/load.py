"""A steady load on everything that a hub does: publishers, chat, calls, readers that come and go, breaks."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.sites import FixedSite

from ..client.hub_process import HubProcess, Proxy, token
from ..server.sockets import open_line

# So small that what a hub keeps by its rules is all there when the warm-up has ended.
CONFIG = """
[hub]
archive = "sqlite:///{archive}"
[namespaces.stream]
kind = "stream"
history_size = 200
recover = true
[namespaces.event]
kind = "event"
history_size = 200
recover = true
presence = true
[namespaces.chat]
kind = "chat"
history_size = 1000
history_ttl_s = 86400
archive_size = 2000
recover = true
presence = true
join_leave = true
"""
ROWS = 200
CHAT_MESSAGES = 1_200
CHANNELS = ("stream:soak", "table:soak", "value:soak", "event:soak", "chat:soak")


class Load:
    """Everything at once, until stopped.

    In a second: 20 rows, 10 changed cells, 4 values, events and chat messages each, 2 calls; a reader comes,
    looks at everything and goes. Each 5 seconds a client that stays is cut off and recovers.
    """

    def __init__(self, process: HubProcess) -> None:
        self.faults: list[BaseException] = []
        self.done: dict[str, int] = {}
        self._process = process
        self._proxy = Proxy(process.port)
        self._stopping = threading.Event()
        self._hub = self._client(process.url, "publisher")
        self._reader = self._client(f"http://127.0.0.1:{self._proxy.port}", "reader")
        self._hub.command(work)
        self._reader.stream("soak").on_data(_nothing)
        self._reader.event("soak").on_event(_nothing)
        self._reader.chat("soak").on_message(_nothing)
        self._fill()
        every = (
            (0.05, self._row),
            (0.1, self._cell),
            (0.25, self._say),
            (0.5, self._call),
            (1.0, self._come_and_go),
            (5.0, self._cut),
        )
        self._threads = [threading.Thread(target=self._repeat, args=each) for each in every]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._proxy.close()
        for hub in (self._hub, self._reader):
            hub.close(timeout_s=1)

    def _client(self, url: str, user: str) -> Hub:
        return Hub(FixedSite(parse_address(url), token(user)), name=user, buffer_bytes=1 << 20)

    def _repeat(self, every_s: float, act: Callable[[int], None]) -> None:
        due = time.monotonic()
        for number in itertools.count():
            due += every_s
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            try:
                act(number)
            except BaseException as fault:
                self.faults.append(fault)
                return
            self.done[act.__name__] = number + 1

    def _fill(self) -> None:
        """Put in at once what would be there after a while."""
        for number in range(ROWS):
            self._cell(number)
        chat = self._hub.chat("soak")
        for number in range(CHAT_MESSAGES):
            chat.say(f"message {number} " + 50 * "x")
        for number in range(300):
            self._call(number)
        assert self._hub.flush(60)

    def _row(self, number: int) -> None:
        self._hub.stream("soak").append(price=number % 1000, text="x" * 50)

    def _cell(self, number: int) -> None:
        self._hub.table("soak", key="id").upsert(id=number % ROWS, price=number % 1000)

    def _say(self, number: int) -> None:
        self._hub.chat("soak").say(f"message {number % 1000} " + 50 * "x")
        self._hub.value("soak").set(number % 1000)
        self._hub.event("soak").send({"number": number % 1000})

    def _call(self, number: int) -> None:
        assert self._hub.call("work", number=number) == number

    def _come_and_go(self, number: int) -> None:
        with ExitStack() as stack:
            line = stack.enter_context(open_line(self._process, f"guest{number % 20}"))
            for channel in CHANNELS:
                line.ask(subscribe={"channel": channel})
            line.ask(presence={"channel": "chat:soak"})
            line.ask(history={"channel": "stream:soak", "limit": 50})
            line.ask(publish={"channel": "event:soak", "data": "hello"})
            line.ask(unsubscribe={"channel": "value:soak"})

    def _cut(self, number: int) -> None:
        self._proxy.cut()


def work(number: int) -> int:
    """Answer."""
    return number


def _nothing(found: object) -> None:
    """Take what comes."""
