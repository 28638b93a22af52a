"""Feeds: generators that publish, each in a thread of its own."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ..errors import ChannelError, RtWidgetsError
from ..protocol.names import namespace_of
from .audience import Audience
from .channel import KINDS, Channel
from .deliveries import deliver, deliver_several
from .entries import Several
from .error_text import text_of

if TYPE_CHECKING:
    from .hub import Hub
    from .live_session import Session

    Scope: TypeAlias = Hub | Session

log = logging.getLogger("rtwidgets")

STOP_WAIT_S = 2.0


class Outlet(Protocol):
    """What can take a channel's data."""

    def forward(self, channel: Channel) -> AsyncIterable[Any]:
        """Return what does it while it is iterated; it yields nothing."""


class Feed:
    """A running source: `stop` it, read its `status`. Made by `Hub.run`.

    An async source whose ``acknowledged`` is true is asked for its next item only when the hub has published
    the last one, however long the hub is away: what it does after a ``yield`` it does after that.

    Args:
        hub: The hub to publish to.
        source: A (async) generator, a function that makes one (called with the hub when it takes an argument
            named ``hub``), or a source object that can be called or iterated.
        into: The channel that takes what it yields; None when it yields ``(channel, data)`` pairs.
        idle: Hold the source while nobody looks at its channels.
        scope: Where the channels are that the source names, and what it gets as ``hub``.
    """

    def __init__(self, hub: Hub, source: Any, into: Channel | None, *, idle: bool, scope: Scope) -> None:
        self.source = source
        self._status = "running"
        self._publisher = hub._use().publisher if getattr(source, "acknowledged", False) else None
        self._scope = scope
        self._into = into
        self._stopping = threading.Event()
        self._stop_async: Callable[[], None] | None = None
        self._audience = Audience(hub) if idle else None
        for channel, options in getattr(source, "declares", ()):
            self._seen(open_channel(scope, channel, options))
        if into is not None:
            self._seen(into)
        self._items = _items_of(source, scope)
        self._thread = threading.Thread(target=self._run, name="rtwidgets-feed", daemon=True)
        self._thread.start()

    @property
    def status(self) -> str:
        """``"running"``, ``"waiting: reason"``, ``"stopped"`` or ``"failed: reason"``."""
        problem = getattr(self.source, "problem", "") if self.is_running else ""
        return f"waiting: {problem}" if problem else self._status

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, though it may wait for something."""
        return self._status == "running"

    def stop(self) -> None:
        """Stop the source and wait a moment for it to end."""
        self._stopping.set()
        if self._audience is not None:
            self._audience.dismiss()
        if self._stop_async is not None:
            self._stop_async()
        if threading.current_thread() is not self._thread:
            self._thread.join(STOP_WAIT_S)

    def __repr__(self) -> str:
        source = self.source
        name = getattr(source, "__name__", "") or getattr(source, "name", "") or type(source).__name__
        return f"<Feed of {name}, {self.status}>"

    def _run(self) -> None:
        try:
            if isinstance(self._items, AsyncIterator):
                asyncio.run(self._drain_async(self._items))
            else:
                self._drain(self._items)
            self._status = "stopped"
        except asyncio.CancelledError:
            self._status = "stopped"
        except BaseException as error:  # its thread ends here, whatever it was
            if self._stopping.is_set() and isinstance(error, RtWidgetsError):
                self._status = "stopped"
                return
            self._status = f"failed: {type(error).__name__}: {text_of(error)}"
            log.exception("%r", self)
        finally:
            if self._audience is not None:
                self._audience.dismiss()

    def _drain(self, items: Iterator[Any]) -> None:
        try:
            self._await_audience()
            for item in items:
                if self._stopping.is_set():
                    return
                self._publish(item)
                self._await_audience()
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    async def _drain_async(self, items: AsyncIterator[Any]) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None

        def cancel() -> None:
            try:
                loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:  # it ended in the meantime
                pass

        self._stop_async = cancel
        if self._stopping.is_set():
            return
        try:
            await self._audience_came()
            async for item in items:
                await self._publish_async(item)
                await self._audience_came()
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()

    async def _publish_async(self, item: Any) -> None:
        if self._publisher is None:
            self._publish(item)
        elif isinstance(item, Several):
            await deliver_several(self._publisher, self._channel_for(item), item)
        else:
            await deliver(self._publisher, lambda: self._publish(item))

    def _channel_for(self, item: Several) -> Channel:
        if self._into is None:
            raise ChannelError("the source names no channels: use hub.run(source, into=channel)")
        return self._into

    def _publish(self, item: Any) -> None:
        if self._into is not None:
            self._into.publish(item)
            return
        if not isinstance(item, tuple) or len(item) != 2:
            raise ChannelError(
                f"the source yielded a {type(item).__name__}: yield (channel, data) pairs, or use "
                "hub.run(source, into=channel)"
            )
        channel, data = item
        if not isinstance(channel, Channel):
            channel = open_channel(self._scope, channel, {})
        self._seen(channel)
        channel.publish(data)

    def _seen(self, channel: Channel) -> None:
        """Note a channel that the source publishes to."""
        if self._audience is not None:
            self._audience.add(channel)

    def _await_audience(self) -> None:
        if self._audience is not None:
            self._audience.wait()

    async def _audience_came(self) -> None:
        if self._audience is not None and not self._audience.is_there:
            await asyncio.to_thread(self._audience.wait)


def forward(source: Any, outlet: Outlet) -> AsyncIterable[Any]:
    """Return the source that writes a channel to an outlet.

    Raises:
        TypeError: If one of them is something else.
    """
    if not isinstance(source, Channel) or not hasattr(outlet, "forward"):
        raise TypeError(
            f"hub.run can't bring a {type(source).__name__} into a {type(outlet).__name__}: one of them is a "
            "channel of the hub"
        )
    return outlet.forward(source)


def open_channel(scope: Scope, name: str, options: dict[str, Any]) -> Channel:
    """Return the channel object for a whole name, such as ``"stream:system/cpu"``.

    Raises:
        ChannelError: If the namespace does not tell the kind.
    """
    kind = namespace_of(name)
    if kind not in KINDS:
        raise ChannelError(
            f"channel {name!r} does not tell its kind: write it as 'stream:...', 'table:...', 'value:...', "
            "'event:...' or 'chat:...', or yield a channel object"
        )
    channel = getattr(scope, kind)(name, **options)
    assert isinstance(channel, Channel)
    return channel


def _items_of(source: Any, scope: Scope) -> Iterator[Any] | AsyncIterator[Any]:
    made = source
    if callable(source) and not hasattr(source, "__next__") and not hasattr(source, "__anext__"):
        made = source(scope) if _takes_hub(source) else source()
    if isinstance(made, AsyncIterator):
        return made
    if hasattr(made, "__aiter__"):
        return made.__aiter__()  # type: ignore[no-any-return]
    if isinstance(made, Iterable) and not isinstance(made, str | bytes | dict):
        return iter(made)
    raise TypeError(
        "hub.run takes a generator, an async generator or a function that makes one, "
        f"not a {type(made).__name__}"
    )


def _takes_hub(fn: Callable[..., Any]) -> bool:
    try:
        return list(inspect.signature(fn).parameters) == ["hub"]
    except (TypeError, ValueError):
        return False
