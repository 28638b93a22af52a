"""Streams: batches of rows."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ChannelError
from ..protocol.messages import Error, Publication
from .cells import TIME_COLUMN
from .channel import Channel
from .columns import Columns, to_columns, with_time
from .durations import Duration, parse_duration
from .entries import Entry
from .frames import Backend, build_frame, join_columns, row_times, rows_since
from .listeners import Handle, Listeners
from .notices import Subscribed
from .past import pages_back, window
from .reading import read_batches, read_columns
from .rerun import current_run, started
from .unread import Unread

if TYPE_CHECKING:
    from .hub import Hub

log = logging.getLogger("rtwidgets")


class Stream(Channel):
    """A stream of rows: `append` them, read them with `to_frame`, `on_data` or ``async for``.

    Every row has a ``time``, in seconds since the Unix epoch; a row without one gets the present time. On the
    wire ``time`` is in integer milliseconds. NaN and infinities become null.
    """

    kind = "stream"

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._loops: set[Unread] = set()
        self._on_data = Listeners(f"on_data of {name!r}")
        self._old_until = 0

    def append(self, data: object = None, /, **cells: object) -> None:
        """Append one row, given by keywords, or many.

        Returns at once: rows are collected and sent in the background. While the hub is away they wait.

        Args:
            data: A dict of lists or arrays, a list of dicts, or a pandas, polars or Arrow frame. A time index
                of a pandas frame without a column ``time`` is the time; any other named index is a column.
            cells: Cells of one row by column name, or columns. Datetimes without a zone are this machine's
                local time, whatever library they are of: ``time=datetime.now()`` is now. In other columns
                than ``time`` datetimes come back as integer milliseconds since the Unix epoch. Dates are
                midnight in UTC.

        Raises:
            ColumnsError: If columns are unequal or of no usable type.
            BufferFullError: If too many rows wait for a hub that is away.
        """
        link = self._check_open()
        where = repr(self.name)
        if data is not None and cells:
            raise TypeError("append takes either a frame or cells by keyword, not both")
        columns = to_columns(cells if data is None else data, where=where)
        if next(iter(columns.values())):
            link.publisher.put_rows(self.name, with_time(columns, time.time()))

    def publish(self, data: object) -> None:
        """Append rows; the same as `append`."""
        self.append(data)

    def publish_entries(self, entries: Sequence[Entry]) -> None:
        """Append a row for each entry, as one publication; a column that one has not is null there."""
        now = time.time()
        rows = [
            {TIME_COLUMN: now if entry.time is None else entry.time, **entry.row()}
            for entry in entries
            if entry.value is not None
        ]
        if rows:
            self.append(rows)

    def to_frame(self, last: Duration | None = None, *, backend: Backend = "pandas") -> Any:
        """Return rows as a data frame; ``time`` is a datetime in UTC.

        Without `last` they are those that the hub has in memory. Where it has an archive, `last` reaches back
        into that. What somebody published that are no rows, or has numbers that no float holds, is left out,
        and the log says so; so is a ``time`` that is none. Where few rows have most of the columns, a frame
        of more than 10 million cells, and 8 for each that was published, has only the columns with the most
        cells, and the log says that too.

        Args:
            last: Only rows of this long before the newest row: ``"5m"``, or seconds. A row without a time, or
                with one ahead of the hub's clock, counts as of when the hub got it.
            backend: ``"pandas"``, ``"polars"`` or ``"arrow"``.

        Raises:
            ReplyError: If the hub refuses.
            ReplyTimeoutError: If it does not answer in time.
        """
        if last is None:
            batches = read_batches(window(self._request, self.name), self.name)
        else:
            batches = self._back(parse_duration(last))
        columns = join_columns(batches)
        names = {name for batch in batches for name in batch}
        if len(names) > len(columns):
            log.warning(
                "%d of %d columns of %r are left out, those with the fewest cells: the frame would be mostly "
                "nulls; ask for fewer rows with to_frame(last=...)",
                len(names) - len(columns),
                len(names),
                self.name,
            )
        return build_frame(columns, backend)

    def _back(self, last_s: float) -> list[Columns]:
        """Return the rows of the last seconds, oldest first."""
        parts: list[tuple[Columns, list[float]]] = []
        oldest_ms = -math.inf
        for page in pages_back(self._request, self.name):
            found = [
                (batch, row_times(batch, publication.time))
                for publication in page
                for batch in read_batches([publication], self.name)
            ]
            newest_ms = max((max(times) for _, times in found if times), default=page[0].time)
            parts += found
            if newest_ms < oldest_ms:
                break
            oldest_ms = max(oldest_ms, newest_ms - last_s * 1000)
        return [rows_since(batch, times, oldest_ms) for batch, times in reversed(parts)]

    def on_data(self, fn: Callable[[dict[str, list[Any]]], Any]) -> Handle:
        """Call a function with every new batch of rows; returns a handle that removes it.

        A batch is a dict of equally long lists; ``time`` is in seconds.
        """
        self._follow()
        return self._on_data.add(fn)

    async def __aiter__(self) -> AsyncIterator[dict[str, list[Any]]]:
        """Yield new batches as they come.

        Beyond 10,000 unread ones, or 64 MiB of them, the oldest are skipped, and the log says so. One that
        can't be read is left out.

        Raises:
            ReplyError: If the hub refuses the subscription.
        """
        unread = Unread(f"the loop over {self.name!r}", asyncio.get_running_loop())
        self._loops.add(unread)
        # Running the cell again ends what it gets.
        started.add(lambda: self._loops.discard(unread), current_run())
        try:
            self._follow()
            while True:
                try:
                    batch = self._rows(await unread.get())
                except ChannelError as error:
                    log.warning("a batch is left out: %s", error)
                else:
                    yield batch
        finally:
            self._loops.discard(unread)

    def on_refused(self, error: Error) -> None:
        """Keep the reason and end the loops over this stream."""
        super().on_refused(error)
        assert self._refusal is not None
        for unread in list(self._loops):
            try:
                unread.refuse(self._refusal)
            except RuntimeError:  # the loop that iterated has ended
                self._loops.discard(unread)

    def on_publication(self, publication: Publication) -> None:
        """Pass the batch on."""
        if publication.offset <= self._old_until:
            return
        for unread in list(self._loops):
            try:
                unread.put(bytes(publication.data))
            except RuntimeError:  # as above
                self._loops.discard(unread)
        if self._on_data:
            data = bytes(publication.data)
            self._on_data.fire(self._rows(data), size=len(data))

    def _apply_snapshot(self, notice: Subscribed) -> None:
        if not notice.recovered:
            self._old_until = notice.old_until

    def _rows(self, data: bytes) -> dict[str, list[Any]]:
        batch = read_columns(data, self.name)
        times = batch.get(TIME_COLUMN)
        if times is not None:
            batch[TIME_COLUMN] = [t / 1000 if isinstance(t, int | float) else None for t in times]
        return batch

    def _clear(self) -> None:
        self._on_data.clear()
