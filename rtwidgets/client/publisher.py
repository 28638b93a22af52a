"""The outbox with a lock around it: any thread puts, the driver's loop takes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import (
    BufferFullError,
    ChannelError,
    ColumnsError,
    PermissionDeniedError,
    ReplyError,
    ReplyTimeoutError,
    RtWidgetsError,
)
from ..protocol.names import namespace_of
from .columns import Columns, split_rows
from .outbox import Batch, Item, Outbox, Receipt, Rows, Whole, rows_item
from .replies import DEFAULT_MESSAGE_BYTES, in_python

log = logging.getLogger("rtwidgets")

BACKPRESSURE_S = 5.0
MAX_ROWS_BYTES = 128 * 1024  # rows are joined and batches filled up to this size, however much the hub takes
_ENVELOPE_BYTES = 512  # what the request adds around a batch
_staged: ContextVar[list[Item] | None] = ContextVar("rtwidgets_staged", default=None)


@contextmanager
def staged() -> Iterator[list[Item]]:
    """Collect what the block publishes instead of queueing it; `Publisher.offer` queues it then.

    What can't be published raises as ever, and nothing of the block is on its way.
    """
    items: list[Item] = []
    token = _staged.set(items)
    try:
        yield items
    finally:
        _staged.reset(token)


class Publisher:
    """What publishes for all channels of a hub.

    Args:
        outbox: The buffer.
        wake: Called, from any thread, when the driver has something to take.
        may_wait: Whether the calling thread may be blocked; the driver's own may not.
    """

    def __init__(self, outbox: Outbox, wake: Callable[[], None], may_wait: Callable[[], bool]) -> None:
        self._outbox = outbox
        self._wake = wake
        self._may_wait = may_wait
        self._room = threading.Condition()
        self._awake = False
        self._errors: dict[str, ReplyError] = {}
        self._logged: set[tuple[str, int]] = set()
        self._versions: dict[str, int] = {}
        # Numbers of batches that the hub can't take for now.
        self._postponed: set[int] = set()
        self._ended: RtWidgetsError | None = None
        self.online = False
        self.max_message_bytes = DEFAULT_MESSAGE_BYTES

    @property
    def max_item_bytes(self) -> int:
        """The largest publication that fits into one frame to the hub."""
        return self.max_message_bytes - _ENVELOPE_BYTES

    @property
    def _rows_bytes(self) -> int:
        return min(MAX_ROWS_BYTES, self.max_item_bytes)

    def put_rows(self, channel: str, columns: Columns) -> None:
        """Queue rows of a stream, in as many publications as the hub's frame limit asks for.

        Raises:
            ColumnsError: If a single row is larger than a frame may be.
            BufferFullError: If there is no room; nothing of the rows that did not fit is kept.
        """
        item = rows_item(channel, columns)
        if item.size <= self._rows_bytes or (item.count == 1 and item.size <= self.max_item_bytes):
            self.put(item)
            return
        if item.count == 1:
            raise ColumnsError(
                f"one row of {channel!r} takes {item.size} bytes, the hub takes {self.max_item_bytes}: "
                "shorten it, or raise max_message_bytes at the hub"
            )
        parts = min(item.count, 2 * item.size // self._rows_bytes + 1)
        for part in split_rows(columns, parts):
            self.put_rows(channel, part)

    def put_whole(self, channel: str, data: bytes, *, latest_only: bool = False) -> None:
        """Queue one publication of encoded JSON.

        Raises:
            ChannelError: If it is larger than a frame may be.
            BufferFullError: If there is no room.
        """
        self.put(self._whole(channel, data, latest_only))

    def put_and_wait(self, channel: str, data: bytes, timeout_s: float) -> None:
        """Queue one publication of encoded JSON and, while there is a connection, wait for the hub's answer.

        Raises:
            ReplyError: If the hub refuses it.
            ReplyTimeoutError: If the hub does not answer in time; it is sent again when the hub is back.
            ChannelError: If it is larger than a frame may be.
            BufferFullError: If there is no room.
        """
        item = self._whole(channel, data)
        receipt = self.offer(item) if self.online and self._may_wait() else None
        if receipt is None:
            self.put(item)
            return
        try:
            receipt.result(timeout_s)
        except TimeoutError:
            raise ReplyTimeoutError(
                f"the hub has not said in {timeout_s:g} s that it took what was sent to {channel!r}: "
                "it gets it as soon as it is there"
            ) from None

    def _whole(self, channel: str, data: bytes, latest_only: bool = False) -> Whole:
        item = Whole(channel, data, latest_only)
        if item.size > self.max_item_bytes:
            raise ChannelError(
                f"a publication of {channel!r} takes {item.size} bytes, the hub takes {self.max_item_bytes}: "
                "send less at once, or raise max_message_bytes at the hub"
            )
        return item

    def put(self, item: Item) -> None:
        """Queue an item; while connected wait a little for room, while disconnected fail at once."""
        collected = _staged.get()
        if collected is not None:
            collected.append(item)
            return
        deadline = time.monotonic() + BACKPRESSURE_S
        with self._room:
            self._raise_error(item.channel)
            while not self._outbox.put(item, self._rows_bytes):
                left = deadline - time.monotonic()
                if not self.online or left <= 0 or not self._may_wait():
                    raise self._full(item)
                self._room.wait(left)
            if self._awake:
                return
            self._awake = True
        self._wake()

    def offer(self, item: Item) -> Receipt | None:
        """Queue an item if there is room, and return what tells when the hub has published it.

        What the hub refuses is the receipt's exception, and nobody else hears of it.

        Raises:
            HubError, ClosedError: If there will be no connection again.
        """
        receipt = Receipt()
        receipt.set_running_or_notify_cancel()  # who stops waiting does not cancel it
        item.receipts.append(receipt)
        with self._room:
            if self._ended is not None:
                raise self._ended
            if not self._outbox.put(item, self._rows_bytes):
                item.receipts.remove(receipt)
                return None
        self._wake()
        return receipt

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is acknowledged; False when the time ran out first."""
        with self._room:
            return self._room.wait_for(lambda: self._outbox.empty, timeout_s)

    @property
    def owes(self) -> bool:
        """Whether something waits of which nobody holds a receipt."""
        with self._room:
            return self._outbox.owes

    def waits(self, channel: str) -> bool:
        """Whether something of this channel is not acknowledged yet."""
        with self._room:
            return self._outbox.waits(channel)

    def version_of(self, channel: str) -> int:
        """The version that our latest set of a value became; 0 when it is not known."""
        with self._room:
            return self._versions.get(channel, 0)

    def forget_version(self, channel: str) -> None:
        """Take a value's versions for those of another log, as after a restart of the hub."""
        with self._room:
            self._versions.pop(channel, None)

    @property
    def waiting(self) -> tuple[int, int]:
        """Items and bytes that are not acknowledged yet."""
        with self._room:
            return self._outbox.items, self._outbox.bytes

    # for the driver -------------------------------------------------------------

    def next(self) -> Batch | None:
        """Return the next batch to send, if one may be."""
        with self._room:
            batch = self._outbox.next(self._rows_bytes)
            if batch is None:
                self._awake = False
            return batch

    def acknowledge(self, seq: int, errors: dict[int, ReplyError], versions: dict[int, int]) -> None:
        """Take the hub's answer to a batch: what failed, and the versions of values, by index of the item."""
        with self._room:
            batch = self._outbox.acknowledge(seq)
            self._postponed.discard(seq)
            if batch is not None:
                self._keep_errors(batch, errors)
                _settle((receipt for receipts in batch.receipts for receipt in receipts), None)
                for index, version in versions.items():
                    if 0 <= index < len(batch.channels):
                        self._versions[batch.channels[index]] = version
            self._room.notify_all()

    def postpone(self, seq: int, errors: dict[int, ReplyError], postponed: dict[int, ReplyError]) -> None:
        """Take the hub's answer to a batch of which it could not take all for now; `resume` sends it again.

        Args:
            errors: What failed for good, by index of the item.
            postponed: What is to be sent again, by index of the item.
        """
        with self._room:
            batch = self._outbox.postpone(seq, postponed)
            if batch is None:
                return
            if not self._postponed:
                why = next(iter(postponed.values())).message
                log.warning(
                    "publications to %s wait in this process: %s", ", ".join(sorted(batch.stuck)), why
                )
            self._postponed.add(seq)
            self._keep_errors(batch, errors)

    def resume(self) -> None:
        """Let postponed batches be sent again."""
        with self._room:
            self._outbox.resume()

    def refuse(self, seq: int, error: ReplyError) -> None:
        """Take the hub's refusal of a whole batch."""
        with self._room:
            batch = self._outbox.acknowledge(seq)
            self._postponed.discard(seq)
            if batch is not None:
                self._keep_errors(batch, dict.fromkeys(range(len(batch.channels)), error))
            self._room.notify_all()

    def end(self, error: RtWidgetsError) -> None:
        """Tell who waits for a receipt that there will be no connection again."""
        with self._room:
            self._ended = error
            _settle(list(self._outbox.receipts()), error)

    def set_online(self, online: bool) -> None:
        """Say whether there is a connection; one that ended makes its batches come again."""
        with self._room:
            self.online = online
            if not online:
                self._outbox.rewind()
            self._room.notify_all()

    def _keep_errors(self, batch: Batch, errors: dict[int, ReplyError]) -> None:
        for index, error in errors.items():
            if 0 <= index < len(batch.channels):
                self._keep_error(batch.channels[index], error, batch.receipts[index])

    def _keep_error(self, channel: str, error: ReplyError, receipts: list[Receipt]) -> None:
        error = in_python(channel, error)
        if receipts:
            _settle(receipts, error)
            return
        if namespace_of(channel) != "chat":  # whose messages have nothing to do with each other
            self._errors.setdefault(channel, error)
        if (channel, error.code) not in self._logged:
            self._logged.add((channel, error.code))
            log.error("publishing to %r failed: %s", channel, error)

    def _raise_error(self, channel: str) -> None:
        error = self._errors.pop(channel, None)
        if error is not None:
            text = f"an earlier publication to {channel!r} was refused: {error.message}"
            kind = PermissionDeniedError if isinstance(error, PermissionDeniedError) else ReplyError
            raise kind(error.code, text)

    def _full(self, item: Item) -> BufferFullError:
        box = self._outbox
        why = "the hub is away"
        if self.online:
            why = "the hub's archive is away" if self._postponed else "the hub takes publications too slowly"
        what = f"{item.count} rows" if isinstance(item, Rows) else "the publication"
        return BufferFullError(
            f"no room for {what} of {item.channel!r}: {box.items} of {box.max_items} items and "
            f"{box.bytes} of {box.max_bytes} bytes wait, {why}; publish less or use connect(buffer_bytes=...)"
        )


def _settle(receipts: Iterable[Receipt], error: RtWidgetsError | None) -> None:
    for receipt in receipts:
        if receipt.done():  # refused before, or nobody waits any more
            continue
        if error is None:
            receipt.set_result(None)
        else:
            receipt.set_exception(error)
