"""Values: one JSON value that everybody shares; the last one counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..errors import ReplyTimeoutError, RtWidgetsError
from ..protocol.messages import ClientInfo, Publication
from .channel import Channel
from .encoding import encode_json
from .entries import Entry
from .link import RPC_TIMEOUT_S, Link
from .listeners import Handle, Listeners
from .names import name_of
from .notices import Subscribed
from .reading import anything, read

if TYPE_CHECKING:
    from .hub import Hub


class Version(int):
    """How often a value was set, about: it rises with each set, and no two sets have the same.

    Args:
        number: The version's number.
        epoch: The life of the channel that it belongs to: a hub that was started again counts anew.
    """

    epoch: str

    def __new__(cls, number: int, epoch: str = "") -> Self:
        version = super().__new__(cls, number)
        version.epoch = epoch
        return version


@dataclass(frozen=True, slots=True)
class ChangedBy:
    """Who set a value, and when.

    Args:
        user: As the hub knows them; empty for anonymous clients and for a default.
        name: Their display name.
        time: Seconds since the Unix epoch, by the hub's clock.
    """

    user: str
    name: str
    time: float


class _Who(msgspec.Struct, frozen=True):
    user: str = ""
    name: str = ""


class _Snapshot(msgspec.Struct):
    value: Raw | UnsetType = UNSET
    by: _Who = _Who()
    time: int = 0


class _Set(msgspec.Struct):
    """Result of the rpc that sets a value."""

    version: int
    epoch: str


_snapshot = msgspec.json.Decoder(_Snapshot)
_set = msgspec.json.Decoder(_Set)


class Value(Channel):
    """A shared value: `set` it, `get` it, hear of it with `on_change`. NaN and infinities become null."""

    kind = "value"

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._lock = threading.Lock()
        self._default: bytes | None = None
        self._known: bytes | None = None  # the last value, of the hub or of ours
        self._ours = False  # whether we are one who sets it
        self._setting = 0  # sets that the publisher has not got yet
        self._version = Version(0)  # of the hub's last value that we know
        self._changed_by: ChangedBy | None = None
        self._on_change = Listeners(f"on_change of {name!r}", latest_only=True)

    def _declare_default(self, default: bytes) -> bool:
        """Take the encoded default; True when the hub has to hear of it."""
        new = self._default is None
        if new:
            self._default, self._ours = default, True
        return new

    def set(self, value: object, *, if_version: int | None = None) -> None:
        """Set the value. While the hub is away only the latest one waits.

        With ``if_version`` it waits for the hub's answer, and the value is set only if nobody has set it
        since that version, so that of several who try exactly one gets through. To change what is there
        read ``version`` first and ``get()`` after it.

        Args:
            value: Anything that has a place in JSON.
            if_version: A version as ``version`` gave it; 0 stands for a value that was never set.

        Raises:
            ChannelError: If the value has no place in JSON, or is too large.
            ConflictError: If it has another version meanwhile; then it was not set.
            ReplyTimeoutError: With ``if_version``, if the hub does not answer in time.
            OutcomeUnknownError: With ``if_version``, if the connection ended before the answer.
        """
        link = self._check_open()
        data = encode_json(value, repr(self.name))
        if if_version is not None:
            self._set_if(link, data, if_version)
            return
        with self._lock:  # not held during put_whole, which may wait for the loop that needs it
            before, self._known, self._ours = self._known, data, True
            self._setting += 1
        try:
            link.publisher.put_whole(self.name, data, latest_only=True)
        except RtWidgetsError:
            with self._lock:
                self._known = before
            raise
        finally:
            with self._lock:
                self._setting -= 1

    def _set_if(self, link: Link, data: bytes, version: int) -> None:
        # What we have set before must not arrive after it.
        if link.publisher.waits(self.name) and not link.publisher.flush(RPC_TIMEOUT_S):
            raise ReplyTimeoutError(
                f"what was set before to {self.name!r} has not reached the hub in {RPC_TIMEOUT_S:g} s: "
                f"it is {self.hub.state}"
            )
        request = {"channel": self.name, "data": Raw(data), "if_version": int(version)}
        if isinstance(version, Version):
            request["epoch"] = version.epoch
        asked = link.rpc_async("rtwidgets.set", request, RPC_TIMEOUT_S, once=True)
        reply = _set.decode(link.portal.call(asked))
        with self._lock:
            self._ours = True
            if reply.epoch != self._version.epoch or reply.version > self._version:
                self._known, self._version = data, Version(reply.version, reply.epoch)

    def get(self) -> Any:
        """Return the value, or None when it was never set; follows the value from the first call on.

        Raises:
            ChannelError: If the value has a number that no float holds.
            ReplyError: If the hub refuses the subscription.
            ReplyTimeoutError: If it does not answer in time and no value is known.
        """
        if self._known is None or self._link is None:
            self._wait()
        self._follow()
        with self._lock:
            return None if self._known is None else read(anything, self._known, self.name)

    @property
    def version(self) -> Version:
        """The version of the hub's value, for ``set(..., if_version=...)``; 0 while it was never set.

        Raises:
            ReplyError: If the hub refuses the subscription.
            ReplyTimeoutError: If it does not answer in time.
        """
        self._wait()
        return self._version

    @property
    def changed_by(self) -> ChangedBy | None:
        """Who set the hub's value, and when; None while it was never set.

        Raises:
            ReplyError: If the hub refuses the subscription.
            ReplyTimeoutError: If it does not answer in time.
        """
        self._wait()
        return self._changed_by

    def on_change(self, fn: Callable[[Any], Any]) -> Handle:
        """Call a function with every new value, ours included; returns a handle that removes it.

        A slow function misses values that were replaced in the meantime, never the latest.
        """
        self._follow()
        return self._on_change.add(fn)

    def publish(self, data: object) -> None:
        """Set the value; the same as `set`."""
        self.set(data)

    def publish_entries(self, entries: Sequence[Entry]) -> None:
        """Set the last of the values."""
        super().publish_entries([entry for entry in entries if entry.value is not None][-1:])

    def on_publication(self, publication: Publication) -> None:
        """Take the new value."""
        version = Version(publication.offset, self._version.epoch)
        self._take(bytes(publication.data), version, _changed_by(publication.info, publication.time))

    def _apply_snapshot(self, notice: Subscribed) -> None:
        version = Version(notice.offset, notice.epoch)
        if notice.recovered:
            with self._lock:
                self._version = Version(self._version, notice.epoch)
            return
        if self._link is not None:
            self._link.publisher.forget_version(self.name)
        snapshot = _snapshot.decode(bytes(notice.snapshot) or b"{}")
        if snapshot.value is UNSET:
            with self._lock:
                self._version, self._changed_by = version, None
            return
        data, who = bytes(snapshot.value), snapshot.by
        changed_by = ChangedBy(who.user, who.name or who.user, snapshot.time / 1000)
        if notice.again and data != self._known:
            self._take(data, version, changed_by)
        else:
            self._learn(data, version, changed_by)

    def _take(self, data: bytes, version: Version, changed_by: ChangedBy) -> None:
        self._learn(data, version, changed_by)
        if self._on_change:
            self._on_change.fire(read(anything, data, self.name))

    def _learn(self, data: bytes, version: Version, changed_by: ChangedBy) -> None:
        publisher = self._link.publisher if self._link is not None else None
        with self._lock:
            # The answer to a set of ours may have come before the publications that led to it.
            if version.epoch == self._version.epoch and version < self._version:
                return
            self._version, self._changed_by = version, changed_by
            # What is older than our own latest value does not count: get() returns what set() set.
            is_older = publisher is not None and (
                publisher.waits(self.name) or version < publisher.version_of(self.name)
            )
            if not is_older and not self._setting:
                self._known = data

    def _clear(self) -> None:
        self._on_change.clear()

    def _declaration(self) -> dict[str, object] | None:
        known = self._known if self._known is not None else self._default
        if known is None or not self._ours:
            return None
        return {"channel": self.name, "default": Raw(known)}


def _changed_by(info: ClientInfo | None, time_ms: int) -> ChangedBy:
    user = info.user if info is not None else ""
    name = name_of(bytes(info.conn_info)) if info is not None else ""
    return ChangedBy(user, name or user, time_ms / 1000)
