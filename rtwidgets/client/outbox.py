"""The bounded buffer of publications on their way to the hub: rows in, numbered batches out. No I/O.

Order is kept per channel. A batch stays here until the hub acknowledged its number; after a broken
connection `rewind` makes the same batches come out again, under the same numbers, so that the hub can tell
what it has already published. So do `postpone` and `resume` for a batch that the hub can't take for now; what
comes for its channels meanwhile stays behind it, and other channels go on.

Who wants to know what became of an item puts a receipt into it, which the hub's answer settles.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from .columns import Columns

DEFAULT_BUFFER_BYTES = 8 * 1024 * 1024
DEFAULT_BUFFER_ITEMS = 100_000
BATCHES_IN_FLIGHT = 8
_ITEM_OVERHEAD_BYTES = 64
_encode = msgspec.json.Encoder().encode

# Done when the hub has published an item, or why it did not.
Receipt: TypeAlias = Future[None]


@dataclass(slots=True)
class Rows:
    """Rows of a stream: for every column the encoded cells, joined by commas, in pieces.

    Cells are encoded once, when they are appended; joining rows is joining bytes.
    """

    channel: str
    columns: dict[str, list[bytes]]
    size: int
    count: int
    receipts: list[Receipt] = field(default_factory=list)

    def join(self, later: Rows) -> None:
        """Take the rows of a later item with the same columns."""
        for name, pieces in self.columns.items():
            pieces += later.columns[name]
        self.size += later.size
        self.count += later.count
        self.receipts += later.receipts

    def encoded(self) -> bytes:
        """Return the columns as JSON."""
        return b"{" + b",".join(_column(name, pieces) for name, pieces in self.columns.items()) + b"}"


@dataclass(slots=True)
class Whole:
    """A publication that is sent as it is.

    Args:
        latest_only: A later one of the channel takes its place while it waits (values).
    """

    channel: str
    data: bytes
    latest_only: bool = False
    count: int = 1
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.data) + len(self.channel) + _ITEM_OVERHEAD_BYTES

    def encoded(self) -> bytes:
        return self.data


Item = Rows | Whole


@dataclass(slots=True)
class Batch:
    """Items that travel in one request, under one number.

    Args:
        receipts: Those of each item.
        stuck: Channels of items that the hub could not take when it was sent last.
        postponed: Whether it waits for `Outbox.resume`.
    """

    seq: int
    channels: list[str]
    receipts: list[list[Receipt]]
    payload: bytes
    size: int
    count: int
    sent: bool = field(default=True)
    stuck: set[str] = field(default_factory=set)
    postponed: bool = False


def rows_item(channel: str, columns: Columns) -> Rows:
    """Encode columns as an item; cells are plain JSON values."""
    pieces = {name: [_encode(cells)[1:-1]] for name, cells in columns.items()}
    count = len(next(iter(columns.values())))
    size = sum(len(piece[0]) + 1 for piece in pieces.values()) + len(channel) + _ITEM_OVERHEAD_BYTES
    size += sum(len(name) + 6 for name in columns)
    return Rows(channel, pieces, size, count)


class Outbox:
    """What waits for the hub.

    Args:
        producer: Id under which the hub remembers our last number.
        max_bytes: Encoded bytes that may wait, batches in flight included.
        max_items: Rows and publications that may wait, likewise.
    """

    def __init__(
        self, producer: str, max_bytes: int = DEFAULT_BUFFER_BYTES, max_items: int = DEFAULT_BUFFER_ITEMS
    ) -> None:
        self._producer = producer
        self.max_bytes = max_bytes
        self.max_items = max_items
        self.bytes = 0
        self.items = 0
        self._pending: deque[Item] = deque()
        self._last: dict[str, Item] = {}  # the newest pending item of each channel
        self._batches: deque[Batch] = deque()
        # Items that stay behind a postponed batch, by channel.
        self._behind: dict[str, deque[Item]] = {}
        self._seq = 0

    def put(self, item: Item, max_item_bytes: int) -> bool:
        """Add an item; False when there is no room, then nothing changed.

        Args:
            item: At most `max_item_bytes` large.
            max_item_bytes: Rows are joined up to this size.
        """
        last = self._last.get(item.channel)
        replaces = isinstance(last, Whole) and isinstance(item, Whole) and item.latest_only
        freed = last.size if replaces and last is not None else 0
        full = self.bytes - freed + item.size > self.max_bytes or self.items + item.count > self.max_items
        if full and not (replaces and item.size <= freed):
            return False
        self.bytes += item.size - freed
        if replaces and isinstance(last, Whole) and isinstance(item, Whole):
            last.data = item.data
            last.receipts += item.receipts
            return True
        self.items += item.count
        if (
            isinstance(last, Rows)
            and isinstance(item, Rows)
            and last.size + item.size <= max_item_bytes
            and last.columns.keys() == item.columns.keys()
            # A refusal is told either to who holds the receipts or to the next who publishes.
            and bool(last.receipts) == bool(item.receipts)
        ):
            last.join(item)
            return True
        self._pending.append(item)
        self._last[item.channel] = item
        return True

    def next(self, max_batch_bytes: int) -> Batch | None:
        """Return the next batch to send: one that was rewound, else a new one; None when nothing may be sent.

        Args:
            max_batch_bytes: A batch ends before it passes this size; it holds one item at least.
        """
        in_flight = 0
        for batch in self._batches:
            if not batch.sent and not batch.postponed:
                batch.sent = True
                return batch
            in_flight += batch.sent
        if in_flight >= BATCHES_IN_FLIGHT:
            return None
        items: list[Item] = []
        size = 0
        while self._pending and (not items or size + self._pending[0].size <= max_batch_bytes):
            item = self._pending.popleft()
            behind = self._behind.get(item.channel)
            if behind is not None:
                behind.append(item)
                continue
            if self._last.get(item.channel) is item:
                del self._last[item.channel]
            items.append(item)
            size += item.size
        if not items:
            return None
        self._seq += 1
        batch = Batch(
            seq=self._seq,
            channels=[item.channel for item in items],
            receipts=[item.receipts for item in items],
            payload=self._payload(items),
            size=size,
            count=sum(item.count for item in items),
        )
        self._batches.append(batch)
        return batch

    def acknowledge(self, seq: int) -> Batch | None:
        """Forget a batch that the hub has dealt with, and return it."""
        for batch in self._batches:
            if batch.seq == seq:
                self._batches.remove(batch)
                self.bytes -= batch.size
                self.items -= batch.count
                self._release(batch.stuck)
                return batch
        return None

    def postpone(self, seq: int, indexes: Iterable[int]) -> Batch | None:
        """Hold a batch back, of which the hub can't take some items for now, and return it."""
        for batch in self._batches:
            if batch.seq == seq:
                batch.sent, batch.postponed = False, True
                stuck = {batch.channels[index] for index in indexes if 0 <= index < len(batch.channels)}
                before, batch.stuck = batch.stuck, stuck
                for channel in batch.stuck:
                    self._behind.setdefault(channel, deque())
                self._release(before - batch.stuck)
                return batch
        return None

    def resume(self) -> None:
        """Let the batches that were held back be sent again, in order."""
        for batch in self._batches:
            batch.postponed = False

    def rewind(self) -> None:
        """Send all unacknowledged batches again, in order; call it when a connection was lost."""
        for batch in self._batches:
            batch.sent = batch.postponed = False

    def _release(self, channels: set[str]) -> None:
        """Let items go on that stayed behind batches, where none is left."""
        for channel in channels.difference(*(batch.stuck for batch in self._batches)):
            self._pending.extendleft(reversed(self._behind.pop(channel)))

    def waits(self, channel: str) -> bool:
        """Whether something of this channel is not acknowledged yet."""
        return channel in self._last or any(channel in batch.channels for batch in self._batches)

    def receipts(self) -> Iterator[Receipt]:
        """Yield the receipts of all that is not acknowledged yet."""
        for batch in self._batches:
            for receipts in batch.receipts:
                yield from receipts
        for items in (self._pending, *self._behind.values()):
            for item in items:
                yield from item.receipts

    @property
    def owes(self) -> bool:
        """Whether something waits of which nobody holds a receipt, so that it would be lost unheard."""
        waiting = [receipts for batch in self._batches for receipts in batch.receipts]
        waiting += (item.receipts for items in (self._pending, *self._behind.values()) for item in items)
        return not all(waiting)

    @property
    def empty(self) -> bool:
        """Whether everything is acknowledged."""
        return not self._pending and not self._batches and not any(self._behind.values())

    def _payload(self, items: Sequence[Item]) -> bytes:
        return b"".join(
            (
                b'{"producer":',
                _encode(self._producer),
                b',"seq":%d,"items":[' % self._seq,
                b",".join(_encoded_items(items)),
                b"]}",
            )
        )


def _encoded_items(items: Sequence[Item]) -> Iterator[bytes]:
    for item in items:
        yield b'{"channel":' + _encode(item.channel) + b',"data":' + item.encoded() + b"}"


def _column(name: str, pieces: list[bytes]) -> bytes:
    return _encode(name) + b":[" + b",".join(pieces) + b"]"
