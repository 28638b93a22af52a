"""What the publisher sends, and when."""

from __future__ import annotations

import time
from collections.abc import Sequence

from .dialects import Dialect
from .frames import frame
from .payload import STAMP, stamp
from .swarm import Swarm

# Publish messages are made once and used in turn; ids of requests must differ while they are under way.
RING_MESSAGES = 10_000
RING_BYTES = 32 * 1024 * 1024


class Feed:
    """Messages for some channels in turn.

    Args:
        size: Bytes of a payload.
        batched: Whether messages may share a frame, where the protocol can do that.
    """

    def __init__(
        self, swarm: Swarm, dialect: Dialect, channels: Sequence[str], *, size: int, batched: bool
    ) -> None:
        self._swarm = swarm
        self._opcode = dialect.opcode
        self._joiner = dialect.joiner if batched else None
        count = max(min(RING_MESSAGES, RING_BYTES // size), 1)
        count = max(count // len(channels), 1) * len(channels)
        messages = [dialect.publish(channels[i % len(channels)], size, i) for i in range(count)]
        self._ring = (
            messages if self._joiner is not None else [frame(item, self._opcode) for item in messages]
        )
        self._next = 0
        self.published = 0

    def publish(self, count: int) -> None:
        """Send the next `count` messages, all stamped with the time now."""
        ring, start = self._ring, self._next
        taken = ring[start : start + count]
        while len(taken) < count:
            taken += ring[: count - len(taken)]
        self._next = (start + count) % len(ring)
        if self._joiner is None:
            data = b"".join(taken)
        else:
            data = frame(self._joiner.join(taken), self._opcode)
        self.published += count
        self._swarm.send(data.replace(STAMP, stamp()))


class Flood:
    """Publish as fast as the server takes it, with a bounded number of messages under way.

    The bound is what keeps a queue in some buffer from being measured as speed.

    Args:
        window: Messages that the slowest subscriber may be behind.
        batch: Messages published at a time.
    """

    def __init__(self, feed: Feed, swarm: Swarm, *, window: int, batch: int) -> None:
        self._feed = feed
        self._swarm = swarm
        self._window = window
        self._batch = batch

    def pump(self) -> float:
        """Publish what is due and return the seconds until there can be more."""
        slowest = min(reader.count for reader in self._swarm.readers)
        room = slowest + self._window - self._feed.published
        while room >= self._batch and self._swarm.idle:
            self._feed.publish(self._batch)
            room -= self._batch
        return 0.01


class Steady:
    """Publish at a fixed rate, whatever the server does.

    Args:
        rate: Messages a second, all channels together.
    """

    def __init__(self, feed: Feed, swarm: Swarm, *, rate: float, batch: int) -> None:
        self._feed = feed
        self._swarm = swarm
        self._rate = rate
        self._batch = batch
        self._start = time.monotonic()
        self._due = 0

    def pump(self) -> float:
        """Publish what is due and return the seconds until there can be more."""
        due = int((time.monotonic() - self._start) * self._rate)
        # A publisher whose socket is full waits, and what it then sends is late but not skipped.
        while self._feed.published + self._batch <= due and self._swarm.idle:
            self._feed.publish(self._batch)
        if not self._swarm.idle:
            return 0.01
        next_at = self._start + (self._feed.published + self._batch) / self._rate
        return max(next_at - time.monotonic(), 0.0)
