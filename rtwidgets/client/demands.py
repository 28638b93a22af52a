"""Who reads the channels that this process publishes to, kept up to date by the hub."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec import Raw

from ..errors import RtWidgetsError
from ..protocol.messages import Command, RpcRequest
from .exchange import Exchange
from .link import RPC_TIMEOUT_S, Link

log = logging.getLogger("rtwidgets")


class Demand(NamedTuple):
    """Who reads a channel.

    Args:
        subscribers: How many there are, this process's own readers included.
        visible: How many of them somebody can see; a Python reader always counts.
        max_hz: The highest rate, in updates a second, that one of those wants; infinity for no bound, 0
            when there are none.
    """

    subscribers: int = 0
    visible: int = 0
    max_hz: float = 0.0


class DemandReport(msgspec.Struct):
    """What the hub says of one channel."""

    subscribers: int
    visible: int
    max_hz: float | None
    channel: str = ""

    @property
    def demand(self) -> Demand:
        """The same for callers: no bound is infinity."""
        return Demand(self.subscribers, self.visible, math.inf if self.max_hz is None else self.max_hz)


_report = msgspec.json.Decoder(DemandReport)


class Demands:
    """The demand of every channel that was asked for.

    Args:
        link: Returns the link to use.
    """

    def __init__(self, link: Callable[[], Link]) -> None:
        self._link = link
        self._known: dict[str, Demand] = {}
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._asking: set[asyncio.Task[None]] = set()

    def of(self, channel: str) -> Demand:
        """Return a channel's demand. The first call asks the hub, which tells of every change from then on.

        Raises:
            ReplyError: If the hub refuses.
            ReplyTimeoutError: If it does not answer the first call in time.
        """
        known = self._known.get(channel)
        if known is not None:
            return known
        answer = _report.decode(self._link().rpc("rtwidgets.demand", {"channel": channel}))
        with self._lock:
            # What was told meanwhile is newer.
            return self._known.setdefault(channel, answer.demand)

    def told(self, report: DemandReport) -> None:
        """Take what the hub says; in the portal's loop."""
        with self._lock:
            self._known[report.channel] = report.demand
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function in the portal's loop at every change; the result ends that."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def stop() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

        return stop

    def ask_again(self, exchange: Exchange) -> None:
        """Ask a new connection; in the portal's loop."""
        for channel in list(self._known):
            task = asyncio.create_task(self._ask(exchange, channel))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, exchange: Exchange, channel: str) -> None:
        request = RpcRequest("rtwidgets.demand", Raw(msgspec.json.encode({"channel": channel})))
        try:
            reply = await exchange.request(Command(rpc=request), RPC_TIMEOUT_S)
        except RtWidgetsError as error:
            log.warning("the demand of %r is not known any more: %s", channel, error)
            return
        if reply.rpc is not None:
            report = _report.decode(reply.rpc.data)
            report.channel = channel
            self.told(report)
