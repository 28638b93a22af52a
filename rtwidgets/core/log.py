"""The log of a channel: publications under offsets, each encoded once."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate, islice

from ..protocol.codec import (
    publication_form,
    publication_head,
    publication_line,
    publication_lines,
    publication_of,
)

# So many joined pieces are kept for readers that come to the same place.
MAX_JOINED = 64


class ChannelLog:
    """Keep the newest publications of a channel as encoded push lines.

    The log serves two readers: delivery, for which it keeps up to `window` publications, and history, which
    sees the newest `history_size` that are younger than `history_ttl_s`. Both end at `max_bytes`.

    Args:
        channel: Name that goes into every push.
        epoch: Identifies this log; a new log under the same name has another.
    """

    def __init__(
        self,
        channel: str,
        epoch: str,
        *,
        history_size: int,
        history_ttl_s: float,
        window: int,
        max_bytes: int,
    ) -> None:
        self.epoch = epoch
        self.top = 0
        self._head = publication_head(channel)
        self._form = publication_form(self._head)
        self._history_size = history_size
        self._history_ttl_s = history_ttl_s
        # Cutting an eighth at a time keeps the cost of the cut small for each publication.
        self._keep = max(window, history_size)
        self._most = self._keep + self._keep // 8
        self._keep_bytes = max_bytes or sys.maxsize // 2
        self._most_bytes = self._keep_bytes + self._keep_bytes // 8
        self._lines: list[bytes] = []
        self._times: list[float] = []
        # Running total of line bytes at the end of each entry, so a piece of the log is found by bisection.
        self._ends: list[int] = []
        self._end = 0
        self._floor = 0
        # Joined lines behind an offset, and the offset of the last of them.
        self._joined: dict[tuple[int, int], tuple[bytes, int]] = {}
        # How often its size, and not the number of publications, made it let go of some.
        self.cuts = 0
        # A reader at an offset below this one has lost what came between.
        self.reach = 0

    @property
    def first(self) -> int:
        """Offset of the oldest kept publication; `top + 1` when there is none."""
        return self.reach + 1

    def extend(self, items: list[bytes], *, now: float, info: bytes | None = None) -> None:
        """Encode and keep publications.

        Args:
            items: Raw JSON of each.
            now: Seconds since the Unix epoch.
            info: Encoded publisher info.
        """
        self.keep(publication_lines(self._form, items, self.top + 1, now * 1000, info), now)

    def encode(self, items: list[bytes], offset: int, time_ms: int, info: bytes | None) -> list[bytes]:
        """Encode publications that `keep` may take later; the first one is at this offset."""
        return publication_lines(self._form, items, offset, time_ms, info)

    def keep(self, lines: list[bytes], now: float) -> None:
        """Keep publications that are encoded for the offsets behind the newest one."""
        times = self._times
        # Bisection needs rising times, also when the clock was set back.
        time = now if not times or now >= times[-1] else times[-1]
        self.top += len(lines)
        self._lines += lines
        times += [time] * len(lines)
        ends = accumulate(map(len, lines), initial=self._end)
        self._ends += islice(ends, 1, None)
        self._end = self._ends[-1]
        if self._joined:
            self._joined.clear()
        if len(times) > self._most or self._end - self._floor > self._most_bytes:
            self._trim()

    def change(self, offsets: Iterable[int], change: Callable[[bytes], bytes | None]) -> None:
        """Replace publications in their places.

        Args:
            offsets: Of those that may change, rising.
            change: Returns what takes the place of a publication, as history shows it; None if it stays.
        """
        changed = []
        for index in (offset - self.first for offset in offsets):
            publication = change(publication_of(self._head, self._lines[index]))
            if publication is not None:
                self._lines[index] = publication_line(self._head, publication)
                changed.append(index)
        if not changed:
            return
        low = changed[0]
        floor = self._ends[low - 1] if low else self._floor
        self._ends[low:] = islice(accumulate(map(len, self._lines[low:]), initial=floor), 1, None)
        self._end = self._ends[-1]
        self._joined.clear()

    def start(self, epoch: str, top: int, publications: list[tuple[float, bytes]]) -> None:
        """Go on with a log that was kept elsewhere; nothing was kept here so far.

        Args:
            top: Its newest offset.
            publications: The newest ones, as `publications` gives them, each with its time.
        """
        self.epoch, self.top, self.reach = epoch, top, top - len(publications)
        self._lines = self.lines_of([publication for _, publication in publications])
        self._times = list(accumulate((time for time, _ in publications), max))
        self._ends = list(accumulate(map(len, self._lines)))
        self._end = self._ends[-1] if self._ends else 0
        if publications:
            self._trim()

    def stored(self, lines: list[bytes]) -> list[bytes]:
        """Return encoded push lines as what is kept elsewhere: the publications alone."""
        return [publication_of(self._head, line) for line in lines]

    def lines_of(self, publications: list[bytes]) -> list[bytes]:
        """Return publications as push lines again."""
        return [publication_line(self._head, publication) for publication in publications]

    def line(self, data: bytes, offset: int, *, now: float) -> bytes:
        """Encode a push that stands for several publications and is not kept."""
        return publication_lines(self._form, [data], offset, now * 1000, None)[0]

    def read(self, after: int, max_bytes: int) -> tuple[bytes, int]:
        """Return joined push lines after an offset and the offset of the last one.

        At least one line is returned, then as many as fit. Readers at the same offset share the bytes.
        `after` must be in `reach <= after < top`.
        """
        if after == self.top - 1:
            return self._lines[-1], self.top
        key = (after, max_bytes)
        known = self._joined.get(key)
        if known is not None:
            return known
        start = after - self.reach
        floor = self._ends[start - 1] if start else self._floor
        stop = max(start + 1, bisect_right(self._ends, floor + max_bytes, lo=start))
        frame = self._lines[start] if stop == start + 1 else b"\n".join(self._lines[start:stop])
        if len(self._joined) >= MAX_JOINED:
            del self._joined[next(iter(self._joined))]
        made = self._joined[key] = (frame, after + stop - start)
        return made

    def is_leaving(self, offset: int) -> bool:
        """Say whether what follows an offset fills more than half of what the log may hold.

        A reader there that is not served soon may lose the connection to the log.
        """
        index = offset - self.first
        if index < 0:
            return True
        behind = len(self._lines) - 1 - index
        return behind > self._keep // 2 or self._end - self._ends[index] > self._keep_bytes // 2

    def visible_from(self, now: float) -> int:
        """Return the offset of the oldest publication that history may show; `top + 1` when none."""
        first = self.first
        oldest = max(first, self.top - self._history_size + 1)
        index = bisect_right(self._times, now - self._history_ttl_s, lo=oldest - first)
        return first + index

    def offset_at(self, time: float) -> int:
        """Return the offset of the oldest kept publication from this time on; `top + 1` when none."""
        return self.first + bisect_left(self._times, time)

    def publications(self, start: int, stop: int) -> list[bytes]:
        """Return the encoded publications with `start <= offset < stop`, without the push around."""
        first = self.first
        head = self._head
        return [publication_of(head, line) for line in self._lines[start - first : stop - first]]

    def piece(self, start: int, stop: int, max_bytes: int, *, from_end: bool) -> list[bytes]:
        """Return as many of these publications as fit into some bytes, at least one, from one end."""
        first, low, high = self.first, start - self.first, stop - self.first
        if low >= high:
            return []
        if from_end:
            floor = self._ends[high - 1] - max_bytes
            if floor > self._floor:
                low = max(low, min(high - 1, bisect_left(self._ends, floor) + 1))
        else:
            floor = self._ends[low - 1] if low else self._floor
            high = min(high, max(low + 1, bisect_right(self._ends, floor + max_bytes, lo=low)))
        return self.publications(first + low, first + high)

    @property
    def size(self) -> int:
        """Bytes that the kept publications have."""
        return self._end - self._floor

    def halve(self) -> bool:
        """Let go of the older half, by bytes; say whether there was something to let go of."""
        drop = min(bisect_right(self._ends, self._floor + self.size // 2) + 1, len(self._lines) - 1)
        if drop <= 0:
            return False
        self._drop(drop)
        return True

    def clear(self) -> None:
        """Let go of everything."""
        if self._lines:
            self._drop(len(self._lines))

    def _trim(self) -> None:
        count = len(self._lines)
        drop = max(0, count - self._keep)
        if self._end - self._floor > self._most_bytes:
            self.cuts += 1
            drop = max(drop, bisect_right(self._ends, self._end - self._keep_bytes))
        drop = min(drop, count - 1)
        if drop:
            self._drop(drop)

    def _drop(self, count: int) -> None:
        self._floor = self._ends[count - 1]
        self.reach += count
        del self._lines[:count], self._times[:count], self._ends[:count]
