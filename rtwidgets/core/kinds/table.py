"""Tables: rows by key, the last cells count."""

from __future__ import annotations

from itertools import islice

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ..batch import Changes, Item
from .base import Author, DataError, FullError
from .table_items import (
    HEADING,
    Before,
    Heading,
    Journal,
    Key,
    Row,
    decode_heading,
    decode_key,
    decode_row,
    put_back,
)

# Removed keys that are remembered for readers that are behind. An older reader gets code 2500.
MAX_TOMBSTONES = 10_000
MAX_COLUMNS = 256
# About what a row and a cell take besides the characters of texts.
ROW_BYTES = 400
CELL_BYTES = 32


class Change(Struct, forbid_unknown_fields=True):
    """The data of a table's publication."""

    upsert: dict[str, list[object]] | UnsetType = UNSET
    remove: list[object] | UnsetType = UNSET
    replace: bool = False


_decoder = msgspec.json.Decoder(Change)
_encode = msgspec.json.Encoder().encode


class Table:
    """A keyed table. Late joiners get all rows; late readers the rows that changed since."""

    stamps_author = False
    last_counts = False
    merges = True

    def __init__(self, max_bytes: int = 0) -> None:
        self.key: str | None = None
        # Whether it is nothing when it is empty.
        self._passes = False
        self._max_bytes = max_bytes
        # About what the rows take in memory.
        self._bytes = 0
        self._rows: dict[Key, Row] = {}
        self._columns: dict[str, None] = {}
        # When each row came, as a number: readers that get many at once get them in this order.
        self._born: dict[Key, int] = {}
        self._births = 0
        # Offset of each key's last change, latest last; removed keys stay here as tombstones.
        self._changed: dict[Key, int] = {}
        self._tombstones = 0
        self._forgotten = 0
        self._snapshot: bytes | None = None
        self._journal: Journal | None = None

    @property
    def keeps_state(self) -> bool:
        return bool(self._rows) if self._passes else self.key is not None

    def declare(self, key: str) -> None:
        """Set the key column.

        Raises:
            DataError: If the table has another key already.
        """
        if self.key not in (None, key):
            raise DataError(f"the table's key column is {self.key!r}, not {key!r}")
        self.key = key
        self._columns.setdefault(key)
        self._snapshot = None

    def adopt(self, key: str) -> None:
        """Make it a table of the hub's own: it has a key from the start, and ends when it is empty."""
        self.declare(key)
        self._passes = True

    def accept(self, data: bytes, offset: int, time_ms: int, author: Author) -> bytes | None:
        if self.key is None:
            raise DataError("the table has no key column yet: declare it with rtwidgets.declare")
        try:
            change = _decoder.decode(data)
        except msgspec.DecodeError as error:
            raise DataError(f'a table takes {{"upsert": columns, "remove": [keys]}}: {error}') from None
        except RecursionError:
            raise DataError("the table's data is nested too deep") from None
        columns = {} if change.upsert is UNSET else change.upsert
        rows = self._rows_of(columns)
        gone = [] if change.remove is UNSET else [self._key_of(key) for key in change.remove]
        if change.replace:
            rows, columns, gone = self._difference(rows, columns)
        gone = [key for key in dict.fromkeys(gone) if key in self._rows or key in rows]
        if not rows and not gone:
            return None
        self._weigh(rows, gone)
        self._apply(rows, columns, gone, offset)
        if not change.replace:
            return data
        logged: dict[str, object] = {}
        if rows:
            logged["upsert"] = {name: [row.get(name) for row in rows.values()] for name in columns}
        if gone:
            logged["remove"] = gone
        return _encode(logged)

    def snapshot(self, now: float) -> bytes:
        if self._snapshot is None:
            rows = {name: [row.get(name) for row in self._rows.values()] for name in self._columns}
            self._snapshot = _encode({"kind": "table", "key": self.key, "rows": rows})
        return self._snapshot

    def merged(self, after: int) -> bytes | None:
        if after < self._forgotten:
            return None
        changed: list[Key] = []
        for key in reversed(self._changed):
            if self._changed[key] <= after:
                break
            changed.append(key)
        rows, born, names = self._committed(changed)
        change: dict[str, object] = {}
        present = sorted((key for key in changed if key in rows), key=born.__getitem__)
        if present:
            change["upsert"] = {name: [rows[key].get(name) for key in present] for name in names}
        gone = [key for key in changed if key not in rows]
        if gone:
            change["remove"] = gone
        return _encode(change)

    # with an archive ------------------------------------------------------------

    def journal(self) -> None:
        self._journal = Journal(self.key, len(self._columns), self._bytes)

    def changes(self) -> Changes:
        journal = self._journal
        assert journal is not None
        found: Changes = {}
        if self.key is not None and (self.key, len(self._columns)) != (journal.key, journal.columns):
            found[HEADING] = Item(0, _encode(Heading(self.key, list(self._columns))))
        for key in journal.rows:
            row = self._rows.get(key)
            found[_encode(key)] = None if row is None else Item(self._born[key], _encode(row))
        return found

    def settle(self) -> None:
        journal = self._journal
        assert journal is not None
        for key, offset in journal.touched.items():
            self._touch(key, offset, was_there=journal.rows[key].row is not None)
        self._forget()
        self.journal()

    def undo(self, top: int) -> None:
        journal = self._journal
        assert journal is not None
        # A row that had gone, or had come anew.
        has_moved = any(was.born not in (None, self._born.get(key)) for key, was in journal.rows.items())
        for key, was in journal.rows.items():
            put_back(self._rows, key, was.row)
            put_back(self._born, key, was.born)
        if has_moved:
            self._sort()
        self.key, self._bytes = journal.key, journal.bytes
        self._columns = dict.fromkeys(islice(self._columns, journal.columns))
        self._snapshot = None
        self.journal()

    def load(self, changes: Changes, offset: int) -> None:
        self._take_over(changes)
        # What came before is not remembered key by key.
        self._changed.clear()
        self._tombstones, self._forgotten = 0, offset
        self.journal()

    def follow(self, changes: Changes, offset: int) -> None:
        for key, was_there in self._take_over(changes).items():
            self._touch(key, offset, was_there=was_there)
        self._forget()
        self.journal()

    def _take_over(self, changes: Changes) -> dict[Key, bool]:
        """Make rows what they are elsewhere; return their keys, each with whether it was there before."""
        in_order = True
        found: dict[Key, bool] = {}
        for encoded, item in changes.items():
            if encoded == HEADING:
                if item is not None:
                    heading = decode_heading(item.data)
                    self.key, self._columns = heading.key, dict.fromkeys(heading.columns)
                continue
            key = decode_key(encoded)
            old = self._rows.get(key)
            found[key] = old is not None
            if old is not None:
                self._bytes -= _row_weight(key, old)
            if item is None:
                self._rows.pop(key, None)
                self._born.pop(key, None)
            else:
                born = self._born.get(key)
                in_order &= item.rank >= self._births if born is None else item.rank == born
                row = self._rows[key] = decode_row(item.data)
                self._born[key] = item.rank
                self._births = max(self._births, item.rank)
                self._bytes += _row_weight(key, row)
        if not in_order:
            self._sort()
        self._snapshot = None
        return found

    def _sort(self) -> None:
        """Put the rows in the order that they came."""
        self._rows = dict(sorted(self._rows.items(), key=lambda row: self._born[row[0]]))

    def _committed(self, keys: list[Key]) -> tuple[dict[Key, Row], dict[Key, int], list[str]]:
        """Return rows, when they came, and the columns, as readers may see them.

        What is not committed yet may never have been.
        """
        journal, names = self._journal, list(self._columns)
        if journal is None or not journal.rows:
            return self._rows, self._born, names
        rows, born = {}, {}
        for key in keys:
            was = journal.rows.get(key) or Before(self._rows.get(key), self._born.get(key))
            if was.row is not None and was.born is not None:
                rows[key], born[key] = was.row, was.born
        return rows, born, names[: journal.columns]

    # inside -----------------------------------------------------------------------

    def _rows_of(self, columns: dict[str, list[object]]) -> dict[Key, Row]:
        if not columns:
            return {}
        assert self.key is not None
        if len({*self._columns, *columns}) > MAX_COLUMNS:
            raise DataError(f"a table has at most {MAX_COLUMNS} columns")
        if self.key not in columns:
            raise DataError(f"no key column {self.key!r}; columns are {_names(columns)}")
        count = len(columns[self.key])
        for name, cells in columns.items():
            if len(cells) != count:
                raise DataError(f"column {name!r} has {len(cells)} cells, {self.key!r} has {count}")
        names = list(columns)
        keys = [self._key_of(key) for key in columns[self.key]]
        rows = zip(*columns.values(), strict=True)
        return {key: dict(zip(names, row, strict=True)) for key, row in zip(keys, rows, strict=True)}

    def _key_of(self, key: object) -> Key:
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise DataError(
                f"a key must be a text or a whole number, not {msgspec.json.encode(key)[:40].decode()}"
            )
        return key

    def _difference(
        self, rows: dict[Key, Row], columns: dict[str, list[object]]
    ) -> tuple[dict[Key, Row], dict[str, list[object]], list[Key]]:
        # A replaced row loses the cells that the new table does not have.
        names = {**columns, **{name: [] for name in self._columns if name not in columns and self._rows}}
        full = {key: {name: row.get(name) for name in names} for key, row in rows.items()}
        changed = {key: row for key, row in full.items() if not _same(self._rows.get(key), row)}
        return changed, names, [key for key in self._rows if key not in rows]

    def _apply(
        self, rows: dict[Key, Row], columns: dict[str, list[object]], gone: list[Key], offset: int
    ) -> None:
        self._snapshot = None
        for name in columns:
            self._columns.setdefault(name)
        journal = self._journal
        if journal is not None:
            for key in (*rows, *gone):
                self._note(journal, key, offset)
        for key, row in rows.items():
            known = self._rows.get(key)
            if known is None:
                self._rows[key] = row
                self._born[key] = self._births = self._births + 1
            else:
                known.update(row)
            if journal is None:
                self._touch(key, offset, was_there=known is not None)
        for key in gone:
            del self._rows[key], self._born[key]
            if journal is None:
                self._touch(key, offset, was_there=True)
        if journal is None:
            self._forget()

    def _weigh(self, rows: dict[Key, Row], gone: list[Key]) -> None:
        """Note what a change makes of the table's size.

        Raises:
            FullError: If it grows beyond what it may have.
        """
        known = self._rows
        grown = 0
        for key, row in rows.items():
            old = known.get(key)
            grown += sum(map(_weight, row.values()))
            if old is None:
                grown += ROW_BYTES + _weight(key)
            else:
                grown -= sum(_weight(old[name]) for name in row if name in old)
        for key in gone:
            # What is removed in the same change was weighed above, if it was not there before.
            grown -= _row_weight(key, {**known.get(key, {}), **rows.get(key, {})})
        if grown > 0 and self._max_bytes and self._bytes + grown > self._max_bytes:
            raise FullError(
                "table_bytes", f"the table's rows take at most {self._max_bytes} bytes: table_bytes"
            )
        self._bytes += grown

    def _note(self, journal: Journal, key: Key, offset: int) -> None:
        """Remember a row as it is before it changes, and that it does."""
        if key not in journal.rows:
            row = self._rows.get(key)
            journal.rows[key] = Before(None if row is None else dict(row), self._born.get(key))
        journal.touched.pop(key, None)
        journal.touched[key] = offset

    def _touch(self, key: Key, offset: int, *, was_there: bool) -> None:
        """Note a key's last change; what it is now is in the rows already."""
        known = self._changed.pop(key, None)
        self._tombstones += (key not in self._rows) - (known is not None and not was_there)
        self._changed[key] = offset

    def _forget(self) -> None:
        """Forget the older half of the removed keys when there are too many."""
        if self._tombstones <= MAX_TOMBSTONES:
            return
        removed = (key for key in self._changed if key not in self._rows)
        for key in list(islice(removed, MAX_TOMBSTONES // 2)):
            self._forgotten = max(self._forgotten, self._changed.pop(key))
            self._tombstones -= 1


def _weight(cell: object) -> int:
    """Return about how many bytes a cell takes in memory."""
    if isinstance(cell, str):
        return CELL_BYTES + len(cell)
    return CELL_BYTES if cell is None or isinstance(cell, int | float) else CELL_BYTES + len(_encode(cell))


def _row_weight(key: Key, row: Row) -> int:
    """Return about how many bytes a row takes in memory."""
    return ROW_BYTES + _weight(key) + sum(map(_weight, row.values()))


def _same(known: Row | None, row: Row) -> bool:
    """Say whether two rows are the same as JSON: in Python 1, 1.0 and True are equal."""
    return known == row and _encode(known) == _encode({name: row[name] for name in known})


def _names(columns: dict[str, list[object]]) -> str:
    return ", ".join(repr(name) for name in list(columns)[:12])
