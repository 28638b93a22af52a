"""Values: one JSON value that everybody shares; the last one counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ..errors import RtWidgetsError
from ..protocol.messages import Publication
from .channel import Channel
from .encoding import encode_json
from .listeners import Handle, Listeners
from .notices import Subscribed

if TYPE_CHECKING:
    from .hub import Hub


class _Snapshot(msgspec.Struct):
    value: Raw | UnsetType = UNSET


_snapshot = msgspec.json.Decoder(_Snapshot)


class Value(Channel):
    """A shared value: `set` it, `get` it, hear of it with `on_change`. NaN and infinities become null."""

    kind = "value"

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._lock = threading.Lock()
        self._default: bytes | None = None
        self._known: bytes | None = None  # the last value, of the hub or of ours
        self._ours = False  # whether we are one who sets it
        self._on_change = Listeners(f"on_change of {name!r}", latest_only=True)

    def _declare_default(self, default: bytes) -> bool:
        """Take the encoded default; True when the hub has to hear of it."""
        new = self._default is None
        if new:
            self._default, self._ours = default, True
        return new

    def set(self, value: object) -> None:
        """Set the value. While the hub is away only the latest one waits.

        Raises:
            ChannelError: If the value has no place in JSON, or is too large.
        """
        link = self._check_open()
        data = encode_json(value, repr(self.name))
        with self._lock:  # not held during put_whole, which may wait for the loop that needs it
            before, self._known, self._ours = self._known, data, True
        try:
            link.publisher.put_whole(self.name, data, latest_only=True)
        except RtWidgetsError:
            with self._lock:
                self._known = before
            raise

    def get(self) -> Any:
        """Return the value, or None when it was never set; follows the value from the first call on.

        Raises:
            ReplyError: If the hub refuses the subscription.
            ReplyTimeoutError: If it does not answer in time and no value is known.
        """
        if self._known is None or self._link is None:
            self._wait()
        self._follow()
        with self._lock:
            return None if self._known is None else msgspec.json.decode(self._known)

    def on_change(self, fn: Callable[[Any], Any]) -> Handle:
        """Call a function with every new value, ours included; returns a handle that removes it.

        A slow function misses values that were replaced in the meantime, never the latest.
        """
        self._follow()
        return self._on_change.add(fn)

    def publish(self, data: object) -> None:
        """Set the value; the same as `set`."""
        self.set(data)

    def on_publication(self, publication: Publication) -> None:
        """Take the new value."""
        self._take(bytes(publication.data))

    def _apply_snapshot(self, notice: Subscribed) -> None:
        if notice.recovered:
            return
        value = _snapshot.decode(bytes(notice.snapshot) or b"{}").value
        if value is not UNSET:
            data = bytes(value)
            if notice.again and data != self._known:
                self._take(data)
            else:
                self._learn(data)

    def _take(self, data: bytes) -> None:
        self._learn(data)
        if self._on_change:
            self._on_change.fire(msgspec.json.decode(data))

    def _learn(self, data: bytes) -> None:
        # Until the hub has our own latest value, what it sends is older: get() must return what set() set.
        with self._lock:
            if self._link is None or not self._link.publisher.waits(self.name):
                self._known = data

    def _clear(self) -> None:
        self._on_change.clear()

    def _declaration(self) -> dict[str, object] | None:
        known = self._known if self._known is not None else self._default
        if known is None or not self._ours:
            return None
        return {"channel": self.name, "default": Raw(known)}
