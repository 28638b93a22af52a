"""Whether somebody looks at what a feed publishes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .channel import Channel

if TYPE_CHECKING:
    from .hub import Hub


class Audience:
    """The readers of a feed's channels; somebody is taken to be there while no channel is known."""

    def __init__(self, hub: Hub) -> None:
        self._demands = hub._demands
        self._channels: set[str] = set()
        self._dismissed = False
        self._lock = threading.Lock()
        self._there = threading.Event()
        self._there.set()
        self._stop = self._demands.listen(self._look)

    def add(self, channel: Channel) -> None:
        """Count a channel's readers too.

        Raises:
            ReplyError: If the hub does not tell us of them.
        """
        if channel.name not in self._channels:
            channel.demand()
            with self._lock:
                self._channels.add(channel.name)
            self._look()

    @property
    def is_there(self) -> bool:
        """Whether somebody looks at one of the channels."""
        return self._there.is_set()

    def wait(self) -> None:
        """Return when somebody looks at one of the channels, or after `dismiss`."""
        self._there.wait()

    def dismiss(self) -> None:
        """Stop watching; nobody waits any more."""
        self._stop()
        self._dismissed = True
        self._look()

    def _look(self) -> None:
        with self._lock:
            if self._dismissed or any(self._demands.of(name).visible for name in self._channels):
                self._there.set()
            else:
                self._there.clear()
