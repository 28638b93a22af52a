"""What the hub and its archive have to do with each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..protocol import codes
from .batch import ArchiveFault, ArchivePort, Batch, Changes, Stored, Tail
from .durable import Durable
from .kinds.chat import MAX_MESSAGES
from .refusal import Refusal

if TYPE_CHECKING:
    from .channel import Channel
    from .hub import Hub


class Archiving:
    """The channels that an archive keeps, and what waits for it in all of them.

    The driver sets `port` before anything else, is called through it and answers by the methods here, in its
    own time.

    Args:
        now: Seconds since the Unix epoch.
    """

    port: ArchivePort

    def __init__(self, hub: Hub, now: float) -> None:
        self._hub = hub
        self._due: dict[Durable, None] = {}
        self.started_at = now
        # By how much the clock by which publications have their times is ahead of the hub's.
        self.ahead_s = 0.0
        # Bytes of requests that wait for a commit.
        self.waiting_bytes = 0

    def join(self, channel: Channel) -> None:
        """Let the archive keep a channel from its start on."""
        channel.durable = Durable(channel, self)

    # for the driver ---------------------------------------------------------------

    def batches(self, now: float) -> list[Batch]:
        """Return what has to be committed now; `archived` is called for each of them."""
        due, self._due = self._due, {}
        found = []
        for durable in due:
            batch = durable.advance(now)
            if batch is not None:
                found.append(batch)
        return found

    def archived(self, batch: Batch, fault: ArchiveFault | None, now: float) -> None:
        """Hear that a batch was committed, or why not."""
        self._durable(batch.channel).archived(fault, now)

    def settled(self, batch: Batch, was_committed: bool, fault: ArchiveFault | None, now: float) -> None:
        """Hear whether a batch was committed about which that was not known."""
        self._durable(batch.channel).settled(was_committed, fault, now)

    def items(self, channel: str, changes: Changes, top: int) -> None:
        """Take a piece of the state of a channel that is being loaded.

        Raises:
            ValueError: If it can't be read.
        """
        self._durable(channel).items(changes, top)

    def loaded(self, channel: str, stored: Stored | None, fault: ArchiveFault | None, now: float) -> None:
        """Hear what the archive has of a channel, after all of its items; None when it has nothing."""
        self._durable(channel).loaded(stored, fault, now)

    # for channels -----------------------------------------------------------------

    def due(self, durable: Durable) -> None:
        """Note that a channel has something to do."""
        if not self._due:
            self.port.wake()
        self._due[durable] = None

    def load(self, channel: Channel, now: float) -> None:
        """Have a channel loaded."""
        self.port.load(channel.name, channel.namespace.kind, tail_of(channel, self.time(now)))

    def settle(self, batch: Batch) -> None:
        """Have it found out what became of a batch."""
        self.port.settle(batch)

    def time(self, now: float) -> float:
        """Return what time it is by the clock by which publications have their times."""
        return now + self.ahead_s

    def make_id(self) -> str:
        """Return a new id."""
        return self._hub.make_id()

    def take(self, size: int) -> Refusal | None:
        """Take room for a request that waits; return why there is none."""
        bound = self._hub.rules.limits.archive_queue_bytes
        if bound and self.waiting_bytes + size > bound:
            self._hub.refused["archive_queue_bytes"] += 1
            return Refusal(codes.ARCHIVE_AWAY, "too much waits to be committed: archive_queue_bytes")
        self.waiting_bytes += size
        return None

    def give(self, size: int) -> None:
        """Give room back."""
        self.waiting_bytes -= size

    def refusal_of(self, fault: ArchiveFault) -> Refusal:
        """Return what whoever asked is told."""
        if fault.limit:
            self._hub.refused[fault.limit] += 1
            return Refusal(codes.LIMIT_EXCEEDED, fault.message)
        if fault.is_final:
            return Refusal(codes.NOT_AVAILABLE, fault.message)
        return Refusal(codes.ARCHIVE_AWAY, fault.message)

    def tell(self, act: Callable[[], None]) -> None:
        """Answer a request; a fault of ours there must not keep others from their answer."""
        try:
            act()
        except Exception as error:
            self._hub.on_fault(error)

    def let_go(self, channel: Channel) -> None:
        """Forget a channel that was asked for and has nothing."""
        self._hub.let_go(channel)

    def on_fault(self, fault: Exception) -> None:
        """Report what went wrong with something of the hub's own."""
        self._hub.on_fault(fault)

    def _durable(self, name: str) -> Durable:
        durable = self._hub.channels[name].durable
        assert durable is not None
        return durable


def tail_of(channel: Channel, now: float) -> Tail:
    """Return how much of the log is loaded when a channel is first asked for."""
    namespace, limits = channel.namespace, channel.limits
    return Tail(
        size=namespace.history_size,
        since_ms=int((now - namespace.history_ttl_s) * 1000),
        max_bytes=limits.history_bytes,
        items=MAX_MESSAGES if namespace.kind == "chat" else 0,
    )
