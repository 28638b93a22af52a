"""What a hub has done since its start, in plain numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from .rules import KindName

Transport: TypeAlias = Literal["direct", "relay", "client"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
KINDS: tuple[KindName, ...] = get_args(KindName)
# Upper bounds in seconds of what is waited for.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# A frame of 2**63 bytes does not come.
_POWERS = 64


class Histogram:
    """How often a number was up to some bounds.

    Args:
        bounds: Rising upper bounds; above the last one there is one more bucket.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    @property
    def count(self) -> int:
        """How many numbers there were."""
        return sum(self.counts)

    def add(self, number: float) -> None:
        """Count a number."""
        self.counts[bisect_left(self.bounds, number)] += 1
        self.total += number


class Figures:
    """Counters of a hub.

    What is counted for each message is counted where it happens, by adding to these attributes: a call would
    cost more than the adding. Readers at one place get the same message, which is looked at once.

    Args:
        received_messages: Messages of clients.
        received_bytes: Bytes in them.
        frame: The last message to a client, and to how many others it went unchanged.
        conflated: Publications that were merged into a later one.
        gone: Publications of the past that left the log before a late joiner came to them.
        skipped: Publications that readers lost, because the log reached back to them no more.
        published: Publications by the kind of their channel.
        recoveries: Subscriptions that asked to resume, by how it went.
        calls: Calls of commands by how they ended, or ``"away"`` when nobody served the command.
        call_seconds: How long calls took that started.
        errors: Replies that were errors, by code.
        disconnects: Connections that the hub ended, by code.
    """

    __slots__ = (
        "_delivered",
        "_publications",
        "_sent_bytes",
        "_sent_sizes",
        "call_seconds",
        "calls",
        "conflated",
        "disconnects",
        "errors",
        "frame",
        "gone",
        "published",
        "received_bytes",
        "received_messages",
        "recoveries",
        "repeats",
        "skipped",
    )

    def __init__(self) -> None:
        self.received_messages = 0
        self.received_bytes = 0
        self.frame = b""
        self.repeats = 0
        self.conflated = 0
        self.gone = 0
        self.skipped = 0
        self.published: dict[KindName, int] = dict.fromkeys(KINDS, 0)
        self.recoveries: dict[str, int] = {"recovered": 0, "unrecovered": 0}
        self.calls: Counter[str] = Counter()
        self.call_seconds = Histogram(SECONDS)
        self.errors: Counter[int] = Counter()
        self.disconnects: Counter[int] = Counter()
        self._delivered = 0
        # Publications in `frame`.
        self._publications = 0
        self._sent_bytes = 0
        self._sent_sizes = [0] * _POWERS

    def sent(self, frame: bytes, publications: int) -> bytes:
        """Count a message to a client that is not the last one again, and return it.

        Args:
            publications: How many are in it.
        """
        self._settle()
        self.frame, self._publications, self.repeats = frame, publications, 1
        return frame

    def _settle(self) -> None:
        count, self.repeats = self.repeats, 0
        if count:
            size = len(self.frame)
            self._delivered += count * self._publications
            self._sent_bytes += count * size
            self._sent_sizes[(size - 1).bit_length()] += count

    @property
    def sent_sizes(self) -> list[int]:
        """How many messages to clients have up to 2**index bytes, and more than half of it."""
        self._settle()
        return self._sent_sizes

    @property
    def sent_messages(self) -> int:
        """Messages to clients."""
        return sum(self.sent_sizes)

    @property
    def sent_bytes(self) -> int:
        """Bytes in them."""
        self._settle()
        return self._sent_bytes

    @property
    def delivered(self) -> int:
        """Publications that went to readers; several that were merged are one."""
        self._settle()
        return self._delivered
