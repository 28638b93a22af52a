"""Tables: rows by key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from ..core.rules import MAX_TABLE_ROWS
from ..errors import ColumnsError, KeyColumnError
from ..protocol.messages import Publication
from .cells import Cell, plain_cells
from .channel import Channel
from .columns import Columns, check_key, split_rows, to_columns
from .entries import Entry
from .frames import Backend, build_frame
from .listeners import Handle, Listeners
from .notices import Subscribed
from .reading import read
from .table_copy import Change, Row, Snapshot, TableChange, TableCopy

if TYPE_CHECKING:
    from .hub import Hub

_change = msgspec.json.Decoder(Change)
_snapshot = msgspec.json.Decoder(Snapshot)
_encode = msgspec.json.Encoder().encode


class Table(Channel):
    """A keyed table that everybody sees in the same state: `upsert` and `remove` rows, `replace` them all.

    Keys are texts or whole numbers.
    """

    kind = "table"

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._declared_key: str | None = None
        self._copy = TableCopy()
        self._lock = threading.Lock()
        self._on_change = Listeners(f"on_change of {name!r}")
        self._left: set[Cell] | None = None  # keys a large replace left in the table
        self._tells_snapshot = False  # after a gap it may hold what was missed
        self._taps: tuple[Callable[[TableChange], object], ...] = ()

    def _declare_key(self, key: str) -> bool:
        """Take the key column's name; True when the hub has to hear of it."""
        new = self._declared_key is None
        self._declared_key = key
        return new

    @property
    def key(self) -> str | None:
        """Name of the key column, or None while nobody said it."""
        return self._declared_key or self._copy.key

    def upsert(self, data: object = None, /, **cells: object) -> None:
        """Add rows or change cells of rows; a row is found by its key, columns may be left out.

        More than 2,000 rows, or what is larger than one message, are several publications: readers may see
        the first of them before the last.

        Args:
            data: A dict of lists or arrays, a list of dicts, or a pandas, polars or Arrow frame. The named
                index of a pandas frame is a column too; a time index without a name is the column ``time``.
            cells: Cells of one row by column name. Datetimes come back as integer milliseconds since the
                Unix epoch; without a zone they are this machine's local time, whatever library they are
                of. Dates are midnight in UTC.

        Raises:
            KeyColumnError: If the key column is not there, or a key is no text or whole number.
            ColumnsError: If columns are unequal or of no usable type.
            BufferFullError: If too much waits for a hub that is away.
        """
        if data is not None and cells:
            raise TypeError("upsert takes either a frame or cells by keyword, not both")
        key, columns = self._columns(cells if data is None else data)
        if self._left is not None:
            self._left.update(columns[key])
        self._send_upsert(columns)

    def remove(self, *keys: object) -> None:
        """Remove rows by their keys; keys that are not there are ignored."""
        self._check_open()
        plain = plain_cells(keys, where=repr(self.name), name=self._key())
        self._check_keys(plain)
        self._send_remove(plain)

    def replace(self, data: object) -> None:
        """Make these rows the whole table, ``[]`` empties it; the hub tells readers the difference only.

        A table of more than 2,000 rows, or one that is larger than a message, is replaced in parts: readers
        may see some before the others, and rows that another publisher adds in between may stay.

        Raises:
            KeyColumnError, ColumnsError, BufferFullError: As `upsert`.
        """
        key, columns = self._columns(data)
        publisher = self._check_open().publisher
        whole = _encode({"replace": True, "upsert": columns})
        if len(whole) + len(self.name) + 128 <= publisher.max_item_bytes:
            publisher.put_whole(self.name, whole)
            self._left = None
            return
        keys = set(columns[key])
        if self._left is None:
            first, *rest = self._parts(columns)
            self._send({"replace": True, "upsert": first})
            for part in rest:
                self._send({"upsert": part})
        else:
            self._send_upsert(columns)
            self._send_remove([*(self._left - keys)])
        self._left = keys

    def publish(self, data: object) -> None:
        """Upsert rows, or carry out a dict with ``replace``, ``upsert`` or ``remove``; what feeds use."""
        if isinstance(data, Mapping) and data and data.keys() <= {"replace", "upsert", "remove"}:
            if "replace" in data:
                self.replace(data["replace"])
            if "upsert" in data:
                self.upsert(data["upsert"])
            if "remove" in data:
                self.remove(*data["remove"])
            return
        self.upsert(data)

    def publish_entries(self, entries: Sequence[Entry]) -> None:
        """Upsert the rows and remove the keys that are gone, in order.

        Entries with the same columns in a row are one publication: an upsert says nothing of other columns.

        Raises:
            KeyColumnError: If a row has no key, or no key is named that is gone.
        """
        key_column = self._key()
        rows = [None if entry.value is None else entry.row(key_column) for entry in entries]
        pairs = zip(rows, entries, strict=True)
        for names, group in groupby(pairs, lambda pair: None if pair[0] is None else pair[0].keys()):
            if names is not None:
                self.upsert([row for row, _ in group])
                continue
            gone = [entry.key for _, entry in group]
            if None in gone:
                raise KeyColumnError(
                    f"table {self.name!r} can't remove a row without its key: the message has none"
                )
            self.remove(*gone)

    def rows(self) -> list[Row]:
        """Return the table's rows as dicts, as they are now; follows the table from the first call on.

        Raises:
            ReplyError: If the hub refuses the subscription.
            ReplyTimeoutError: If it does not answer in time.
        """
        self._wait()
        with self._lock:
            return [dict(row) for row in self._copy.rows.values()]

    def to_frame(self, *, backend: Backend = "pandas") -> Any:
        """Return the table's rows as a data frame."""
        rows = self.rows()
        names = dict.fromkeys(name for row in rows for name in row)
        return build_frame({name: [row.get(name) for row in rows] for name in names}, backend)

    def on_change(self, fn: Callable[[TableChange], Any]) -> Handle:
        """Call a function with every change (``.rows``, ``.removed``); returns a handle that removes it."""
        self._follow()
        return self._on_change.add(fn)

    def _tap(self, fn: Callable[[TableChange], object]) -> Callable[[], None]:
        """Call a function in the portal's loop with every change, snapshots too; the result ends that."""
        with self._lock:
            self._taps = (*self._taps, fn)
        self._follow()

        def stop() -> None:
            with self._lock:
                self._taps = tuple(other for other in self._taps if other is not fn)

        return stop

    def _changed(self, change: TableChange) -> None:
        for tap in self._taps:
            tap(change)

    def on_publication(self, publication: Publication) -> None:
        """Apply a change to the copy and pass it on."""
        if self._copy.key is None and self._link is not None:
            # Declared after we subscribed: only a new snapshot tells the key.
            self._link.unfollow(self.name)
            self._link.follow(self.name, self, self._subscribe_data)
            return
        was_whole = self._copy.is_whole
        with self._lock:
            change = self._copy.apply(read(_change, publication.data, self.name))
        self._changed(change)
        if not was_whole:
            self._pieces += 1
            if self._copy.is_whole:
                self._settled.set()
        if change and (was_whole or self._tells_snapshot):
            self._on_change.fire(change)

    def _apply_snapshot(self, notice: Subscribed) -> None:
        if notice.recovered:
            return
        with self._lock:
            change = self._copy.reset(read(_snapshot, bytes(notice.snapshot) or b"{}", self.name))
        self._changed(change)
        self._tells_snapshot = notice.again
        if change and notice.again:
            self._on_change.fire(change)

    @property
    def _is_whole(self) -> bool:
        return self._copy.is_whole

    def _clear(self) -> None:
        self._on_change.clear()

    def _declaration(self) -> dict[str, object] | None:
        return {"channel": self.name, "key": self._declared_key} if self._declared_key else None

    def _key(self) -> str:
        key = self.key
        if key is None:
            short = self.name.partition(":")[2]
            raise KeyColumnError(
                f"table {self.name!r} has no key column yet: name it with hub.table({short!r}, key=...)"
            )
        return key

    def _columns(self, data: object) -> tuple[str, Columns]:
        self._check_open()
        key = self._key()
        columns = to_columns({key: []} if _is_empty(data) else data, where=repr(self.name), is_stream=False)
        check_key(columns, key, table=self.name, data=data)
        self._check_keys(columns[key])
        return key, columns

    def _check_keys(self, keys: Iterable[Cell]) -> None:
        for key in keys:
            if isinstance(key, bool) or not isinstance(key, str | int):
                raise KeyColumnError(
                    f"table {self.name!r} can't have the key {key!r}: keys are texts or whole numbers"
                )

    def _send_upsert(self, columns: Columns) -> None:
        if next(iter(columns.values())):
            for part in self._parts(columns):
                self._send({"upsert": part})

    def _send_remove(self, keys: list[Cell]) -> None:
        if keys:
            for part in self._parts({"": keys}):
                self._send({"remove": part[""]})

    def _parts(self, columns: Columns) -> list[Columns]:
        limit = self._check_open().publisher.max_item_bytes - len(self.name) - 256
        size = len(_encode(columns))
        count = len(next(iter(columns.values())))
        if size <= limit and count <= MAX_TABLE_ROWS:
            return [columns]
        if count == 1:
            raise ColumnsError(
                f"one row of {self.name!r} takes {size} bytes, the hub takes {limit}: shorten it"
            )
        parts = 2 * size // limit + 1 if size > limit else 1
        halves = split_rows(columns, min(count, max(parts, -(-count // MAX_TABLE_ROWS))))
        return [part for half in halves for part in self._parts(half)]

    def _send(self, change: dict[str, object]) -> None:
        self._check_open().publisher.put_whole(self.name, _encode(change))


def _is_empty(data: object) -> bool:
    return isinstance(data, list | tuple) and not data
