"""What all channels of the Python API have in common."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec
from msgspec import Raw

from ..errors import (
    ChannelError,
    ChannelNameError,
    ClosedError,
    ReplyError,
    ReplyTimeoutError,
    RtWidgetsError,
)
from ..protocol import codes
from ..protocol.messages import NOTHING, ClientInfo, Command, Error, Publication, Reply
from ..protocol.names import check_channel, namespace_of
from .demands import Demand
from .entries import Entry
from .link import RPC_TIMEOUT_S, Link
from .notices import Subscribed
from .replies import error_of

if TYPE_CHECKING:
    from .hub import Hub

log = logging.getLogger("rtwidgets")

KINDS = ("event", "stream", "table", "value", "chat")


def channel_name(kind: str, name: str) -> str:
    """Return the whole channel name; a name with a colon is one already.

    Raises:
        TypeError: If it is no text.
        ChannelNameError: If it breaks the grammar or names a channel of another kind.
    """
    if not isinstance(name, str):
        raise TypeError(f"a channel name is a text, not {type(name).__name__}")
    whole = check_channel(name if ":" in name else f"{kind}:{name}" if name else name)
    namespace = namespace_of(whole)
    if namespace in KINDS and namespace != kind:
        raise ChannelNameError(f"{whole!r} is a channel of kind {namespace}: use hub.{namespace}({name!r})")
    return whole


class Channel:
    """A named ordered flow of the hub, as one object per name and hub.

    Args:
        hub: The hub it belongs to.
        name: Whole name, with its namespace.
    """

    kind: ClassVar[str]
    _subscribe_data: ClassVar[Raw] = NOTHING

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub = hub
        self.name = name
        self._closed = False
        self._link: Link | None = None  # the link we follow the channel on
        self._settled = threading.Event()
        self._refusal: RtWidgetsError | None = None
        self._logged: set[int] = set()  # codes of refusals that the log has

    def close(self) -> None:
        """End the subscription and all callbacks; using the object afterwards raises ClosedError."""
        if not self._closed:
            self._closed = True
            self._clear()
            if self._link is not None:
                self._link.unfollow(self.name)
            self.hub._forget(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else self.hub.state
        return f"<{type(self).__name__} {self.name!r} on {self.hub.url}, {state}>"

    def _check_open(self) -> Link:
        """Return the link to use.

        Raises:
            ClosedError: If the channel or its hub was closed.
        """
        if self._closed:
            maker = f"hub.{self.kind}({self.name.partition(':')[2] or self.name!r})"
            raise ClosedError(f"channel {self.name!r} was closed: get it again with {maker}")
        return self.hub._use()

    def _follow(self) -> None:
        """Subscribe, unless that has happened."""
        link = self._check_open()
        if self._link is not link or self._refusal is not None:
            self._link = link
            self._refusal = None
            self._settled.clear()
            link.follow(self.name, self, self._subscribe_data)

    def _wait(self) -> None:
        """Subscribe and wait for the first snapshot.

        Raises:
            ReplyError: If the hub refuses the subscription.
            ReplyTimeoutError: If there is no answer in time.
        """
        self._follow()
        if not self._settled.wait(RPC_TIMEOUT_S):
            raise ReplyTimeoutError(
                f"channel {self.name!r} did not come in {RPC_TIMEOUT_S:g} s: the hub is {self.hub.state}"
            )
        if self._refusal is not None:
            raise self._refusal

    # in the portal's loop -----------------------------------------------------------

    def on_subscribed(self, notice: Subscribed) -> None:
        """Take the snapshot."""
        try:
            self._apply_snapshot(notice)
        except (msgspec.DecodeError, LookupError, TypeError, ValueError) as error:
            self._refusal = ChannelError(f"channel {self.name!r} has a state that can't be read: {error}")
            raise
        finally:
            self._settled.set()

    def on_refused(self, error: Error) -> None:
        """Keep the reason for whoever asks."""
        self._refusal = error_of(self._explained(error))
        self._settled.set()
        if error.code not in self._logged:
            self._logged.add(error.code)
            log.error("the hub refused a subscription: %s", self._refusal)

    def on_publication(self, publication: Publication) -> None:
        """Take a publication."""

    def on_membership(self, info: ClientInfo, joined: bool) -> None:
        """Hear who came or went."""

    def _explained(self, error: Error) -> Error:
        """Return the hub's error with the channel's name and, where there is one, the way out."""
        message = error.message
        namespace, _, rest = self.name.partition(":")
        if error.code == codes.UNKNOWN_CHANNEL.code and namespace not in KINDS:
            message = (
                f"the hub has no namespace {namespace!r}: add [namespaces.{namespace}] to its config, or use "
                f"hub.{self.kind}({rest or self.name!r})"
            )
        return Error(error.code, f"channel {self.name!r}: {message}")

    def _request(self, command: Command) -> Reply:
        """Ask the hub about this channel.

        Raises:
            ReplyError: If the hub refuses; the message names the channel.
            ReplyTimeoutError: If it does not answer in time.
        """
        link = self._check_open()
        try:
            return link.request(command)
        except ReplyError as error:
            raise error_of(self._explained(Error(error.code, error.message))) from None

    def _apply_snapshot(self, notice: Subscribed) -> None:
        """Take what a subscribe reply carries."""

    def _clear(self) -> None:
        """Remove all callbacks."""

    def _on_undeclared(self, error: Error) -> None:
        """Hear that the hub did not take the declaration."""
        log.error("channel %r could not be declared: %s", self.name, error.message)

    def _declaration(self) -> dict[str, object] | None:
        """Return what the hub has to be told about this channel when it may have forgotten it."""
        return None

    def demand(self) -> Demand:
        """Return who reads this channel now; for publishers.

        The first call asks the hub, which tells of every change from then on: later calls cost nothing. While
        the hub is away it is the last that was known.

        Raises:
            PermissionDeniedError: If we may not publish to the channel.
            ReplyTimeoutError: If the hub does not answer the first call in time.
        """
        self._check_open()
        try:
            return self.hub._demands.of(self.name)
        except ReplyError as error:
            raise error_of(self._explained(Error(error.code, error.message))) from None

    def publish(self, data: object) -> None:
        """Publish one item in the form that this kind of channel takes; what feeds use."""
        raise NotImplementedError

    def publish_entries(self, entries: Sequence[Entry]) -> None:
        """Publish what came of another system, in as few publications as this kind of channel allows.

        A key that is gone means nothing but to tables.
        """
        for entry in entries:
            if entry.value is not None:
                self.publish(entry.value)
