"""What the publisher sends, and when."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import cycle
from math import lcm

from .dialects import Dialect
from .frames import frame
from .payload import STAMP, stamp
from .swarm import Swarm

# Publish messages are made once and used in turn; ids of requests must differ while they are under way.
RING_MESSAGES = 10_000
RING_BYTES = 32 * 1024 * 1024


class Feed:
    """Messages for some channels in turn, in batches.

    Args:
        size: Bytes of a payload.
        batch: Messages published at a time.
        shared: Whether the messages of a batch share a frame, where the protocol can do that.
    """

    def __init__(
        self, swarm: Swarm, dialect: Dialect, channels: Sequence[str], *, size: int, batch: int, shared: bool
    ) -> None:
        self._swarm = swarm
        self.batch = batch
        count = max(min(RING_MESSAGES, RING_BYTES // size), 1)
        # Every channel gets its turn equally often, and batches don't shift from one turn to the next.
        count = max(count // lcm(len(channels), batch), 1) * lcm(len(channels), batch)
        messages = [dialect.publish(channels[i % len(channels)], size, i) for i in range(count)]
        batches = [messages[i : i + batch] for i in range(0, count, batch)]
        joiner, opcode = dialect.joiner, dialect.opcode
        if shared and joiner is not None:
            ready = [frame(joiner.join(items), opcode) for items in batches]
        else:
            ready = [b"".join(frame(item, opcode) for item in items) for items in batches]
        self._ring = cycle(ready)
        self.published = 0

    def publish(self) -> None:
        """Send the next batch, its messages stamped with the time now."""
        self.published += self.batch
        self._swarm.send(next(self._ring).replace(STAMP, stamp()))


class Flood:
    """Publish as fast as the server takes it, with a bounded number of messages under way.

    The bound is what keeps a queue in some buffer from being measured as speed.

    Args:
        window: Messages that the slowest subscriber may be behind.
    """

    def __init__(self, feed: Feed, swarm: Swarm, *, window: int) -> None:
        self._feed = feed
        self._swarm = swarm
        self._window = window

    def pump(self) -> float:
        """Publish what is due and return the seconds until there can be more."""
        slowest = min(reader.count for reader in self._swarm.readers)
        room = slowest + self._window - self._feed.published
        while room >= self._feed.batch and self._swarm.idle:
            self._feed.publish()
            room -= self._feed.batch
        return 0.01


class Steady:
    """Publish at a fixed rate, whatever the server does.

    Args:
        rate: Messages a second, all channels together.
    """

    def __init__(self, feed: Feed, swarm: Swarm, *, rate: float) -> None:
        self._feed = feed
        self._swarm = swarm
        self._rate = rate
        self._start = time.monotonic()

    def pump(self) -> float:
        """Publish what is due and return the seconds until there can be more."""
        due = int((time.monotonic() - self._start) * self._rate)
        # A publisher whose socket is full waits, and what it then sends is late but not skipped.
        while self._feed.published + self._feed.batch <= due and self._swarm.idle:
            self._feed.publish()
        if not self._swarm.idle:
            return 0.01
        next_at = self._start + (self._feed.published + self._feed.batch) / self._rate
        return max(next_at - time.monotonic(), 0.0)
