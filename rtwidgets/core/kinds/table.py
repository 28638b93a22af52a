"""Tables: rows by key, the last cells count."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

import msgspec
from msgspec import UNSET

from ..batch import Changes, Item
from ..rules import MAX_TABLE_ROWS
from .base import Author, DataError, FullError, Start, check_numbers, check_room
from .recency import Recency
from .table_change import check_rows, decode_change, keys_of, may_replace, rows_of
from .table_columns import Cells, Columns
from .table_items import HEADING, Before, Heading, Journal, Key, Row, decode_heading, decode_key, decode_row
from .table_pieces import Piece, View, columns_of, fits, keys_behind, make_piece
from .table_rows import Rows
from .table_weight import cells_weight

_encode = msgspec.json.Encoder().encode


class Table:
    """A keyed table. Late joiners get all rows; late readers the rows that changed since.

    A table that is too large for one message comes in pieces, to both alike: whole rows in the order in which
    they changed last, see `Recency`.
    """

    stamps_author = False
    last_counts = False
    merges = True

    def __init__(self, max_bytes: int = 0) -> None:
        self.most = math.inf
        self.key: str | None = None
        # Whether it is nothing when it is empty.
        self._passes = False
        self._max_bytes = max_bytes
        self._rows = Rows()
        self._columns = Columns()
        self.recency = Recency()
        self._snapshot: bytes | None = None
        self._journal: Journal | None = None

    @property
    def keeps_state(self) -> bool:
        return bool(self._rows.by_key) if self._passes else self.key is not None

    @property
    def size(self) -> int:
        return self._rows.bytes + self._columns.bytes + self.recency.bytes

    def declare(self, key: str) -> None:
        """Set the key column.

        Raises:
            DataError: If the table has another key already.
        """
        if self.key not in (None, key):
            raise DataError(f"the table's key column is {self.key!r}, not {key!r}")
        self._columns.add(self._columns.new([key]))
        self.key = key
        self._snapshot = None

    def adopt(self, key: str) -> None:
        """Make it a table of the hub's own: it has a key from the start, and ends when it is empty."""
        self.declare(key)
        self._passes = True

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes | None:
        if self.key is None:
            raise DataError("the table has no key column yet: declare it with rtwidgets.declare")
        check_numbers(data)
        change = decode_change(data)
        check_rows(change)
        columns: Cells = {} if change.upsert is UNSET else self._columns.pack(change.upsert)
        new = self._columns.new(columns)
        rows = rows_of(columns, self.key)
        gone = [] if change.remove is UNSET else keys_of(change.remove)
        if change.replace:
            rows, columns, gone = self._difference(rows, columns)
        known = self._rows.by_key
        gone = [key for key in dict.fromkeys(gone) if key in known or key in rows]
        if not rows and not gone:
            return None
        self._apply(rows, new, gone, offset)
        if not change.replace:
            return data
        logged: dict[str, object] = {}
        if rows:
            logged["upsert"] = columns_of(rows.values(), columns)
        if gone:
            logged["remove"] = gone
        return _encode(logged)

    def parts(self, data: bytes) -> Iterator[bytes]:
        """Yield what to accept one by one in place of one that replaces a table of many rows, or by many.

        Each part is for what is there when it is asked for: first the rows that are new, then those that are
        gone. What somebody else adds meanwhile stays.

        Raises:
            DataError: If it breaks the rules.
        """
        known = self._rows.by_key
        if self.key is None or not may_replace(data):
            yield data
            return
        check_numbers(data)
        change = decode_change(data)
        columns: Cells = {} if change.upsert is UNSET else self._columns.pack(change.upsert)
        rows = rows_of(columns, self.key)
        if not change.replace or max(len(rows), len(known)) <= MAX_TABLE_ROWS:
            yield data
            return
        names = [*self._columns, *self._columns.new(columns)]
        left = iter(rows.items())
        while some := dict(islice(left, MAX_TABLE_ROWS)):
            changed = self._rows.changed_by({key: _whole(row, names) for key, row in some.items()})
            if changed:
                yield _encode({"upsert": columns_of(changed.values(), names)})
        gone = (key for key in list(known) if key not in rows)
        while keys := list(islice(gone, MAX_TABLE_ROWS)):
            yield _encode({"remove": keys})

    def _difference(self, rows: dict[Key, Row], columns: Cells) -> tuple[dict[Key, Row], Cells, list[Key]]:
        known = self._rows.by_key
        # A replaced row loses the cells that the new table does not have.
        names = {**columns, **{name: [] for name in self._columns if name not in columns and known}}
        full = {key: _whole(row, names) for key, row in rows.items()}
        return self._rows.changed_by(full), names, [key for key in known if key not in rows]

    def _apply(self, rows: dict[Key, Row], new: list[str], gone: list[Key], offset: int) -> None:
        """Carry out a change with some new columns, if there is room for it."""
        grown = self._rows.growth(rows, gone)
        if grown > 0 and self._max_bytes and self._rows.bytes + grown > self._max_bytes:
            raise FullError(
                "table_bytes", f"the table's rows take at most {self._max_bytes} bytes: table_bytes"
            )
        check_room(self, grown + cells_weight([*new]))
        self._snapshot = None
        self._columns.add(new)
        changed = [*rows, *gone]
        if self._journal is not None:
            self._rows.note(self._journal, changed, offset)
            self._rows.apply(rows, gone, grown)
            return
        were_there = {key: key in self._rows.by_key for key in changed}
        self._rows.apply(rows, gone, grown)
        self._touch(were_there, offset)

    def snapshot(self, now: float, max_bytes: int) -> Start:
        rows = self._rows.by_key
        if self._snapshot is None and fits(rows, max_bytes):
            columns = columns_of(rows.values(), self._columns)
            self._snapshot = _encode({"kind": "table", "key": self.key, "rows": columns})
        if self._snapshot is not None and (len(self._snapshot) <= max_bytes or not rows):
            return Start(self._snapshot)
        return Start(_encode({"kind": "table", "key": self.key, "rows": {}, "more": True}), 0)

    def piece(self, place: int, max_bytes: int, *, is_part: bool) -> Piece:
        """Return what a reader at a place gets next.

        Args:
            place: What the reader has.
            max_bytes: About how large the piece may get.
            is_part: Whether pieces came before.
        """
        changed, place, following = keys_behind(self.recency, place, self._rows.by_key, max_bytes)
        return make_piece(changed, self._committed(changed), place, following, is_part=is_part)

    def _committed(self, keys: list[Key]) -> View:
        """Return what readers may see of some rows: what is not committed yet may never have been."""
        journal, names, known = self._journal, list(self._columns), self._rows
        if journal is None or not journal.rows:
            return View(known.by_key, known.born, names)
        view = View({}, {}, names[: journal.columns])
        for key in keys:
            was = journal.rows.get(key) or Before(known.by_key.get(key), known.born.get(key))
            if was.row is not None and was.born is not None:
                view.rows[key], view.born[key] = was.row, was.born
        return view

    # with an archive ------------------------------------------------------------

    def journal(self) -> None:
        self._journal = Journal(self.key, len(self._columns), self._rows.bytes)

    @property
    def uncommitted(self) -> int:
        """How many rows have changed since the last commit."""
        return 0 if self._journal is None else len(self._journal.rows)

    def changes(self) -> Changes:
        journal = self._journal
        assert journal is not None
        found: Changes = {}
        if self.key is not None and (self.key, len(self._columns)) != (journal.key, journal.columns):
            found[HEADING] = Item(0, _encode(Heading(self.key, list(self._columns))))
        rows, born = self._rows.by_key, self._rows.born
        for key in journal.rows:
            row = rows.get(key)
            found[_encode(key)] = None if row is None else Item(born[key], _encode(row))
        return found

    def settle(self) -> None:
        journal = self._journal
        assert journal is not None
        rows = self._rows.by_key
        for offset, keys in groupby(journal.touched, journal.touched.__getitem__):
            were_there = {key: journal.rows[key].row is not None for key in keys}
            self.recency.touch(were_there, offset, rows)
        self._forget()
        self.journal()

    def undo(self, top: int) -> None:
        journal = self._journal
        assert journal is not None
        self._rows.undo(journal)
        self.key = journal.key
        self._columns.replace(list(islice(self._columns, journal.columns)))
        self._snapshot = None
        self.journal()

    def load(self, changes: Changes, offset: int) -> None:
        self._touch(self._take_over(changes), offset)
        # What was removed before is not known.
        self.recency.forgotten = offset
        self.journal()

    def follow(self, changes: Changes, offset: int) -> None:
        self._touch(self._take_over(changes), offset)
        self.journal()

    def _take_over(self, changes: Changes) -> dict[Key, bool]:
        """Make rows what they are elsewhere; return their keys, each with whether it was there before."""
        heading = changes.get(HEADING)
        if heading is not None:
            found = decode_heading(heading.data)
            self.key = found.key
            self._columns.replace(found.columns)
        self._snapshot = None
        return self._rows.take_over(
            {
                decode_key(key): None
                if item is None
                else (item.rank, self._columns.pack_row(decode_row(item.data)))
                for key, item in changes.items()
                if key != HEADING
            }
        )

    def recall(self, publications: list[bytes], offset: int) -> None:
        """Take from the newest publications when rows changed last, once all items are loaded.

        Args:
            publications: The data of each.
            offset: Of the last one before them.
        """
        rows = self._rows.by_key
        recency = self.recency = Recency(forgotten=offset)
        recency.touch(dict.fromkeys(rows, True), offset, rows)
        for data in publications:
            offset += 1
            keys = decode_change(data).keys(self.key or "")
            recency.touch({key: key in rows for key in keys if isinstance(key, str | int)}, offset, rows)

    def _touch(self, keys: dict[Key, bool], offset: int) -> None:
        """Note the last change of keys, each with whether it was there before."""
        self.recency.touch(keys, offset, self._rows.by_key)
        self._forget()

    def _forget(self) -> None:
        """Forget removed keys where there are too many."""
        self.recency.forget(self._rows.by_key, self._rows.bytes)


def _whole(row: Row, names: Iterable[str]) -> Row:
    return {name: row.get(name) for name in names}
