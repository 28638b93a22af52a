"""Requests that wait for a channel's archive, and what is made of them on the way to a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from .kinds import NOBODY, Author
from .refusal import Refusal

if TYPE_CHECKING:
    from .channel import Channel
    from .durable import Durable

# What a request takes besides its data, about.
OVERHEAD_BYTES = 512

Faults: TypeAlias = dict[int, Exception]


class Wait(Exception):
    """A request can't be carried out before the channel's archive is done with something."""

    def __init__(self, durable: Durable) -> None:
        super().__init__("the archive is at work")
        self.durable = durable


class Read:
    """A request that changes nothing.

    Args:
        act: Called when it is its turn, or with a refusal that it has to answer with.
    """

    __slots__ = ("act",)

    def __init__(self, act: Callable[[Refusal | None, float], None]) -> None:
        self.act = act


class Write:
    """A request that changes the channel.

    Args:
        size: About how many bytes wait with it.
        act: Changes the channel by means of a `Staging`; returns what failed, by index.
        done: Called once it is committed, with what failed; or with a refusal, then nothing has changed.
        producer: Key and number, where one may send it again.
    """

    __slots__ = ("act", "done", "producer", "size")

    def __init__(
        self,
        size: int,
        act: Callable[[Staging], Faults],
        done: Callable[[Faults, Refusal | None, float], None],
        producer: tuple[bytes, int] | None = None,
    ) -> None:
        self.size = size
        self.act = act
        self.done = done
        self.producer = producer


class Staging:
    """What is made of requests on the way to a batch."""

    def __init__(self, channel: Channel, time_ms: int) -> None:
        self.channel = channel
        self.time_ms = time_ms
        self.lines: list[bytes] = []
        self.size = 0
        self.producers: dict[bytes, int] = {}
        self.done: list[tuple[Write, Faults]] = []

    @property
    def top(self) -> int:
        """The channel's newest offset with what is staged."""
        return self.channel.log.top + len(self.lines)

    def publish(self, items: list[bytes], info: bytes | None = None, author: Author = NOBODY) -> Faults:
        """Stage publications; return what the channel's kind does not accept, by index."""
        channel = self.channel
        accepted, faults = channel.accept(items, self.top + 1, self.time_ms, author)
        if accepted:
            lines = channel.log.encode(
                accepted, self.top + 1, self.time_ms, info if channel.kind.stamps_author else None
            )
            self.lines += lines
            self.size += sum(map(len, lines))
        return faults
