"""The hub as an analyst sees it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec
from msgspec import Raw

from ..errors import ClosedError, KeyColumnError, ReplyError, ReplyTimeoutError
from ..protocol import codes
from .browser_access import BrowserAccess
from .channel import Channel, channel_name
from .chats import Chat
from .command_access import CommandAccess
from .commands import Commands
from .demands import Demands
from .encoding import encode_json
from .events import Events
from .exchange import Exchange
from .exits import close_at_exit, forget
from .feeds import Feed, Outlet, forward
from .link import Link
from .listeners import Handle, Listeners
from .notify_access import NotifyAccess
from .portal import Portal
from .rerun import current_run, started
from .session_access import SessionAccess
from .sites import Site
from .streams import Stream
from .tables import Table
from .tokens import user_of
from .told import told
from .values import Value

if TYPE_CHECKING:
    from .feeds import Scope

C = TypeVar("C", bound=Channel)

log = logging.getLogger("rtwidgets")
_UNSET: Any = object()


class Hub(BrowserAccess, CommandAccess, NotifyAccess, SessionAccess):
    """A connection to a hub: channels, commands and feeds. Made by `rtwidgets.connect`.

    Safe to use from any thread. It reconnects by itself; what is published in the meantime waits in a bounded
    buffer. In a forked process the object connects anew and publishes and reads on; callbacks, commands and
    feeds stay with the process that made them.
    """

    def __init__(self, site: Site, *, name: str, buffer_bytes: int) -> None:
        self._site = site
        self._name = name
        self._buffer_bytes = buffer_bytes
        self._lock = threading.RLock()
        self._declaring = threading.RLock()
        self._channels: dict[str, Channel] = {}
        self._feeds: list[Feed] = []
        self._sessions = {}
        self._closed = False
        self._on_status = Listeners("on_status of the hub")
        self._commands = Commands(self._use)
        self._demands = Demands(self._use)
        self._link = self._new_link()
        self._link.start()
        close_at_exit(self)

    # channels -----------------------------------------------------------------------

    def stream(self, name: str) -> Stream:
        """Return a stream of rows, for charts: ``hub.stream("prices").append(price=101.2)``."""
        return self._channel(Stream, name, lambda whole: Stream(self, whole))

    def table(self, name: str, *, key: str | None = None) -> Table:
        """Return a keyed table: ``hub.table("orders", key="id").upsert(df)``.

        Args:
            name: Channel name, with or without ``table:``.
            key: Name of the key column. A reader of a table that another declares may leave it out.

        Raises:
            KeyColumnError: If the table has another key already.
        """
        table = self._channel(Table, name, lambda whole: Table(self, whole))
        if key is not None and table.key not in (None, key):
            raise KeyColumnError(f"table {table.name!r} has the key column {table.key!r}, not {key!r}")
        if key is not None:
            # Another thread that asks for the same table must not publish before the hub knows its key.
            with self._declaring:
                if table._declare_key(key):
                    self._declare(table)
        return table

    def value(self, name: str, *, default: object = _UNSET) -> Value:
        """Return a shared value: ``hub.value("limit", default=100)``.

        Args:
            name: Channel name, with or without ``value:``.
            default: Set where there is no value yet.
        """
        encoded = None if default is _UNSET else encode_json(default, repr(name))
        value = self._channel(Value, name, lambda whole: Value(self, whole))
        if encoded is not None:
            with self._declaring:
                if value._declare_default(encoded):
                    self._declare(value)
                    # A hub that starts anew without what it had is told the last value, whoever set that.
                    value._follow()
        return value

    def event(self, name: str) -> Events:
        """Return a channel of events: ``hub.event("alerts").send({"text": "spread above 5"})``."""
        return self._channel(Events, name, lambda whole: Events(self, whole))

    def chat(self, name: str) -> Chat:
        """Return a chat: ``hub.chat("desk").say("hello")``."""
        return self._channel(Chat, name, lambda whole: Chat(self, whole))

    # feeds -----------------------------------------------------------------------------

    def run(self, source: Any, *, into: Channel | Outlet | None = None, idle: bool = False) -> Feed:
        """Publish what a source yields, in the background, until it ends or ``feed.stop()``.

        A channel may be the source as well, with another system to take what it has:
        ``hub.run(prices, into=rt.sources.kafka(...))``.

        Running the notebook cell again that called this stops the feed it started before.

        Args:
            source: A generator or async generator, or a function that makes one; called with the hub when
                it takes an argument named ``hub``.
            into: The channel that takes the data; None when the source yields ``(channel, data)`` pairs.
            idle: Hold the source while nobody looks at its channels: it is not asked for its next item then.
        """
        return self._feed(source, into, idle, self)

    def _feed(self, source: Any, into: Channel | Outlet | None, idle: bool, scope: Scope) -> Feed:
        self._use()
        if into is not None and not isinstance(into, Channel):
            source, into = forward(source, into), None
        feed = Feed(self, source, into, idle=idle, scope=scope)
        started.add(feed.stop, current_run())
        with self._lock:
            self._feeds = [other for other in self._feeds if other.is_running] + [feed]
        return feed

    # the connection -----------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The hub's address, ``http://host:port`` with a path if it has one."""
        endpoint = self._link.endpoint
        return endpoint.address.base if endpoint is not None else ""

    @property
    def port(self) -> int | None:
        """The hub's port."""
        endpoint = self._link.endpoint
        return endpoint.address.port if endpoint is not None else None

    @property
    def hub_id(self) -> str | None:
        """The id of the hub process we are or were connected to; None before the first connection."""
        return self._link.driver.hub_id or None

    @property
    def key(self) -> str:
        """A stable id of this hub, the same in every process that uses it."""
        return self._site.key

    @property
    def user(self) -> str:
        """Who the hub knows us as: the user of our token."""
        endpoint = self._link.endpoint
        return user_of(endpoint.token) if endpoint is not None else ""

    @property
    def is_local(self) -> bool:
        """Whether this is the user's own hub on this machine."""
        return self._site.is_local

    @property
    def portal(self) -> Portal:
        """The background thread's loop that owns the connection."""
        return self._use().portal

    @property
    def state(self) -> str:
        """``"connected"``, ``"disconnected: reason"`` or ``"closed"``."""
        return "closed" if self._closed else self._link.driver.status

    def status(self) -> dict[str, Any]:
        """Return what the hub says of itself, and the state of our connection to it.

        While the hub is away there is our part alone: url, state, waiting_items and waiting_bytes.
        """
        link = self._use()
        found: dict[str, Any] = {}
        if link.driver.session.online:
            try:
                found = msgspec.json.decode(link.rpc("rtwidgets.status", {}))
            except ReplyTimeoutError:  # it went away meanwhile
                pass
        items, size = link.publisher.waiting
        return {**found, "url": self.url, "state": self.state, "waiting_items": items, "waiting_bytes": size}

    def on_status(self, fn: Callable[[str], Any]) -> Handle:
        """Call a function with ``"connected"`` or ``"disconnected: reason"`` when that changes."""
        return self._on_status.add(fn)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until the hub has acknowledged all that was published; False when the time ran out."""
        return self._use().publisher.flush(timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what waits, stop the feeds and end the connection."""
        with self._lock:
            if self._closed:
                return
            feeds, self._feeds = self._feeds, []
        forget(self)
        for feed in feeds:
            feed.stop()
        if self._link.pid == os.getpid():
            self._flush_or_warn(timeout_s)
        self._closed = True
        self._sessions.clear()
        for channel in list(self._channels.values()):
            channel.close()
        self._link.close()
        self._on_status.clear()

    def _flush_or_warn(self, timeout_s: float) -> None:
        publisher = self._link.publisher
        if publisher.owes and not publisher.flush(timeout_s):
            items, size = publisher.waiting
            log.warning(
                "%r is closed with %d publications (%d bytes) not acknowledged by the hub; they are lost",
                self,
                items,
                size,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Hub {self.url}, {self.state}>"

    @property
    def is_closed(self) -> bool:
        """Whether it is over: `close` was called, or the hub refused us for good."""
        return self._closed or self._link.driver.fatal is not None

    # inside ---------------------------------------------------------------------------------

    def _use(self) -> Link:
        """Return this process's link.

        Raises:
            ClosedError: If the hub object was closed.
            HubError: If the hub refused us for good.
        """
        if self._closed:
            raise ClosedError("the hub object was closed: call rtwidgets.connect() again")
        if self._link.pid != os.getpid():
            self._lock = threading.RLock()  # may have been held by another thread when we were forked
            self._declaring = threading.RLock()
            self._commands = Commands(self._use)
            self._demands = Demands(self._use)
            self._feeds = []
            for channel in self._channels.values():
                channel._clear()
            self._on_status.clear()
            link = self._new_link()
            link.start()  # before it is ours: when it fails the next call has to try again
            self._link = link
            close_at_exit(self)
        if self._link.driver.fatal is not None:
            raise self._link.driver.fatal
        return self._link

    def _new_link(self) -> Link:
        return Link(
            self._site,
            self._name,
            self._buffer_bytes,
            on_online=self._restore,
            on_told=self._on_told,
            on_status=lambda status: self._on_status.fire(status),
        )

    def _restore(self, exchange: Exchange) -> None:
        """Tell a hub that may be a new one what it has to know before our subscriptions and publications."""
        for channel in list(self._channels.values()):
            declaration = channel._declaration()
            if declaration is not None:
                exchange.tell("rtwidgets.declare", msgspec.json.encode(declaration), channel._on_undeclared)
        self._open_sessions_again(exchange)
        self._commands.register_again(exchange)
        self._demands.ask_again(exchange)

    def _on_told(self, data: Raw) -> None:
        """Take what the hub tells us alone; in the portal's loop."""
        message = told(data)
        if message.call is not None:
            self._commands.on_call(message.call)
        if message.cancel is not None:
            self._commands.on_cancel(message.cancel)
        if message.demand is not None:
            self._demands.told(message.demand)

    def _channel(self, kind: type[C], name: str, make: Callable[[str], C]) -> C:
        self._use()
        whole = channel_name(kind.kind, name)
        with self._lock:
            channel = self._channels.get(whole)
            if channel is None:
                channel = self._channels[whole] = make(whole)
        if not isinstance(channel, kind):
            raise TypeError(f"{whole!r} is already used as a {channel.kind} in this process")
        return channel

    def _declare(self, channel: Channel) -> None:
        """Tell the hub about a channel now; when it is away `_restore` does it later."""
        link = self._use()
        if not link.driver.session.online:
            return
        try:
            link.rpc("rtwidgets.declare", channel._declaration())
        except ReplyError as error:
            self._forget(channel)
            if error.code == codes.BAD_REQUEST.code and isinstance(channel, Table):
                raise KeyColumnError(f"table {channel.name!r}: {error.message}") from None
            raise

    def _forget(self, channel: Channel) -> None:
        with self._lock:
            if self._channels.get(channel.name) is channel:
                del self._channels[channel.name]
