"""One process's connection to a hub, for use from any thread."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import uuid
from collections.abc import Callable
from typing import Protocol

import msgspec
from msgspec import Raw

from ..protocol.messages import ClientInfo, Command, ConnectResult, Error, Publication, Reply, RpcRequest
from .driver import Driver, Endpoint
from .exchange import Exchange
from .notices import Membership, Notice, Published, Subscribed, SubscribeRefused, Told
from .outbox import Outbox
from .portal import Portal, shared_portal
from .publisher import Publisher
from .session import Session
from .sites import Site
from .workers import submit

log = logging.getLogger("rtwidgets")

RPC_TIMEOUT_S = 5.0
PORTAL = "rtwidgets"


class Follower(Protocol):
    """What wants to hear of a channel, in the portal's loop."""

    def on_subscribed(self, notice: Subscribed) -> None:
        """The subscription is live."""

    def on_publication(self, publication: Publication) -> None:
        """There is a publication."""

    def on_membership(self, info: ClientInfo, joined: bool) -> None:
        """Somebody came or went."""

    def on_refused(self, error: Error) -> None:
        """The subscription ended for good."""


class Link:
    """A portal, a session, a publisher and the driver that joins them.

    Args:
        site: Where the hub is.
        name: Client name that the hub sees.
        buffer_bytes: Bound of what may wait for the hub.
        on_online: Called in the loop when the hub accepted us, before anything else goes out.
        on_told: Called in the loop with the data of messages for this connection alone.
        on_status: Called in the loop with ``"connected"`` or ``"disconnected: reason"``.
    """

    def __init__(
        self,
        site: Site,
        name: str,
        buffer_bytes: int,
        *,
        on_online: Callable[[Exchange], None],
        on_told: Callable[[Raw], None],
        on_status: Callable[[str], None],
    ) -> None:
        self.pid = os.getpid()
        self.portal: Portal = shared_portal(PORTAL)
        self.endpoint: Endpoint | None = None
        self._site = site
        self._followers: dict[str, Follower] = {}
        self._notify_online = on_online
        self._notify_told = on_told
        self._notify_status = on_status
        self.publisher = Publisher(
            Outbox(uuid.uuid4().hex, buffer_bytes), self._wake, lambda: not self.portal.is_current
        )
        self.driver = Driver(
            Session(name, random.random),
            self.publisher,
            self.locate,
            relocates=site.is_local,
            listener=self,
        )

    def start(self) -> None:
        """Connect for the first time.

        Raises:
            HubError: If there is no hub, or it refuses us.
        """
        self.portal.call(self.driver.start())

    def close(self) -> None:
        """End the connection."""
        if self.pid == os.getpid():
            self.portal.call(self.driver.close())

    def request(self, command: Command, timeout_s: float = RPC_TIMEOUT_S) -> Reply:
        """Ask the hub and return its reply. See `Exchange.request`."""
        return self.portal.call(self.driver.exchange.request(command, timeout_s))

    def rpc(self, method: str, data: object, timeout_s: float = RPC_TIMEOUT_S) -> bytes:
        """Call a method of the hub and return the raw JSON of its result."""
        return self.portal.call(self.rpc_async(method, data, timeout_s))

    def tell(self, method: str, data: object) -> None:
        """Call a method of the hub and do not wait, from any thread; while the hub is away it is left out."""
        self.portal.call_soon(self._tell, method, msgspec.json.encode(data))

    async def rpc_async(
        self, method: str, data: object, timeout_s: float = RPC_TIMEOUT_S, *, once: bool = False
    ) -> bytes:
        """Call a method of the hub, from the portal's loop."""
        request = RpcRequest(method, Raw(msgspec.json.encode(data)))
        reply = await self.driver.exchange.request(Command(rpc=request), timeout_s, once=once)
        return bytes(reply.rpc.data) if reply.rpc is not None else b"null"

    def follow(self, channel: str, follower: Follower, data: Raw) -> None:
        """Subscribe a follower to a channel, from any thread."""
        self.portal.call_soon(self._follow, channel, follower, data)

    def unfollow(self, channel: str) -> None:
        """End the subscription of a channel, from any thread."""
        self.portal.call_soon(self._unfollow, channel)

    def _tell(self, method: str, data: bytes) -> None:
        if self.driver.session.online:
            self.driver.exchange.tell(
                method, data, lambda error: log.warning("the hub refused %s: %s", method, error.message)
            )

    def _follow(self, channel: str, follower: Follower, data: Raw) -> None:
        self._followers[channel] = follower
        self.driver.session.subscribe(channel, data)
        self.driver.wake()

    def _unfollow(self, channel: str) -> None:
        self._followers.pop(channel, None)
        self.driver.session.unsubscribe(channel)
        self.driver.wake()

    def _wake(self) -> None:
        self.portal.call_soon(self.driver.wake)

    async def locate(self) -> Endpoint:
        """Find the hub, from the portal's loop; on a worker thread, as a local one may have to be started."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Endpoint] = loop.create_future()

        def settle(endpoint: Endpoint | None, error: Exception | None) -> None:
            if found.done():
                return
            if endpoint is not None:
                found.set_result(endpoint)
            elif error is not None:
                found.set_exception(error)

        def find() -> None:
            try:
                self.portal.call_soon(settle, self._site.find(), None)
            except Exception as error:
                self.portal.call_soon(settle, None, error)

        submit(find)
        self.endpoint = await found
        return self.endpoint

    # Listener of the driver -------------------------------------------------------

    def on_online(self, result: ConnectResult) -> None:
        """Tell the owner that it may speak."""
        self._notify_online(self.driver.exchange)

    def on_status(self, status: str) -> None:
        """Tell the owner."""
        self._notify_status(status)

    def on_notice(self, notice: Notice) -> None:
        """Pass a notice to the follower of its channel; data it can't use is logged and skipped."""
        try:
            self._dispatch(notice)
        except Exception as error:  # the data is a peer's: it must not end our connection
            log.warning("%s could not be used: %s", type(notice).__name__, error)

    def _dispatch(self, notice: Notice) -> None:
        match notice:
            case Told(data):
                self._notify_told(data)
            case Published(channel, publication):
                if follower := self._followers.get(channel):
                    follower.on_publication(publication)
            case Subscribed(channel):
                if follower := self._followers.get(channel):
                    follower.on_subscribed(notice)
            case Membership(channel, info, joined):
                if follower := self._followers.get(channel):
                    follower.on_membership(info, joined)
            case SubscribeRefused(channel, error):
                if follower := self._followers.pop(channel, None):
                    follower.on_refused(error)
            case _:
                pass
