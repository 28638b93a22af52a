"""Events: any JSON, every one delivered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from ..protocol.messages import Publication
from .channel import Channel
from .encoding import encode_json
from .listeners import Handle, Listeners
from .notices import Subscribed
from .past import newest
from .reading import anything, read

if TYPE_CHECKING:
    from .hub import Hub


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Args:
        data: What was sent.
        time: Seconds since the Unix epoch, by the hub's clock.
        user: Who sent it, as the hub knows them.
    """

    data: Any
    time: float
    user: str


class Events(Channel):
    """A channel of notifications: `send` them, hear them with `on_event`, read kept ones with `history`."""

    kind = "event"
    _subscribe_data = Raw(b'{"rtwidgets":{"snapshot":true}}')

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._on_event = Listeners(f"on_event of {name!r}")
        self._old_until = 0

    def send(self, data: object) -> None:
        """Send an event: anything that has a place in JSON.

        Raises:
            ChannelError: If it has none, or is too large.
            BufferFullError: If too much waits for a hub that is away.
        """
        self._check_open().publisher.put_whole(self.name, encode_json(data, repr(self.name)))

    def publish(self, data: object) -> None:
        """Send an event; the same as `send`."""
        self.send(data)

    def on_event(self, fn: Callable[[Event], Any]) -> Handle:
        """Call a function with every new event; returns a handle that removes it."""
        self._follow()
        return self._on_event.add(fn)

    def history(self, limit: int = 100) -> list[Event]:
        """Return the newest events that the hub keeps, oldest first.

        Raises:
            ChannelError: If one has a number that no float holds.
            ReplyError: If the hub refuses.
            ReplyTimeoutError: If it does not answer in time.
        """
        return [self._event(publication) for publication in newest(self._request, self.name, limit)]

    def on_publication(self, publication: Publication) -> None:
        """Pass the event on."""
        if self._on_event and publication.offset > self._old_until:
            self._on_event.fire(self._event(publication), size=len(bytes(publication.data)))

    def _apply_snapshot(self, notice: Subscribed) -> None:
        if not notice.recovered:
            self._old_until = notice.old_until

    def _clear(self) -> None:
        self._on_event.clear()

    def _event(self, publication: Publication) -> Event:
        user = publication.info.user if publication.info is not None else ""
        return Event(read(anything, publication.data, self.name), publication.time / 1000, user)
