"""Tables: rows by key, the last cells count."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from ..batch import Changes, Item
from .base import Author, DataError, FullError, Start, check_room
from .recency import STEP, Recency
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
from .weight import widening

MAX_COLUMNS = 256
MAX_NAME_CHARS = 255
MAX_KEY_BYTES = 1_024
# About what a row takes in memory, and a cell besides its JSON, and one that is a list or an object besides.
ROW_BYTES = 400
CELL_BYTES = 32
NESTED_BYTES = 96
PLAIN = frozenset((str, int, float, bool, type(None)))
# So many rows are in a piece, or are not, together.
BUNCH = 16


class Change(Struct, forbid_unknown_fields=True):
    """The data of a table's publication."""

    upsert: dict[str, list[object]] | UnsetType = UNSET
    remove: list[object] | UnsetType = UNSET
    replace: bool = False


class Piece(NamedTuple):
    """A part of the changes that a reader has to get.

    Args:
        data: Of a publication that stands for them.
        place: Where the reader stands then.
        done: The offset up to which it has everything then; None when nothing is left.
    """

    data: bytes
    place: int
    done: int | None


_decoder = msgspec.json.Decoder(Change)
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
        # About what the rows take in memory, and the names of columns.
        self._bytes = 0
        self._names_bytes = 0
        self._rows: dict[Key, Row] = {}
        # The names under themselves: all rows have the same ones.
        self._columns: dict[str, str] = {}
        # When each row came, as a number: readers that get many at once get them in this order.
        self._born: dict[Key, int] = {}
        self._births = 0
        self.recency = Recency()
        self._snapshot: bytes | None = None
        self._journal: Journal | None = None

    @property
    def keeps_state(self) -> bool:
        return bool(self._rows) if self._passes else self.key is not None

    @property
    def size(self) -> int:
        return self._bytes + self._names_bytes + self.recency.bytes

    def declare(self, key: str) -> None:
        """Set the key column.

        Raises:
            DataError: If the table has another key already.
        """
        if self.key not in (None, key):
            raise DataError(f"the table's key column is {self.key!r}, not {key!r}")
        _check_names([key])
        self.key = key
        self._add_columns([key])
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
        columns = {} if change.upsert is UNSET else self._packed(change.upsert)
        rows = self._rows_of(columns)
        gone = [] if change.remove is UNSET else [self._key_of(key) for key in change.remove]
        if change.replace:
            rows, columns, gone = self._difference(rows, columns)
        gone = [key for key in dict.fromkeys(gone) if key in self._rows or key in rows]
        if not rows and not gone:
            return None
        self._weigh(rows, columns, gone)
        self._apply(rows, columns, gone, offset)
        if not change.replace:
            return data
        logged: dict[str, object] = {}
        if rows:
            logged["upsert"] = {name: [row.get(name) for row in rows.values()] for name in columns}
        if gone:
            logged["remove"] = gone
        return _encode(logged)

    def snapshot(self, now: float, max_bytes: int) -> Start:
        if self._snapshot is None and self._fits(max_bytes):
            rows = {name: [row.get(name) for row in self._rows.values()] for name in self._columns}
            self._snapshot = _encode({"kind": "table", "key": self.key, "rows": rows})
        if self._snapshot is not None and (len(self._snapshot) <= max_bytes or not self._rows):
            return Start(self._snapshot)
        return Start(_encode({"kind": "table", "key": self.key, "rows": {}, "more": True}), 0)

    def piece(self, place: int, max_bytes: int, *, is_part: bool) -> Piece:
        """Return what a reader at a place gets next.

        Where it does not get all at once each piece says so: `more` that others follow, and `rank` in which
        order the rows came, as pieces have another.

        Args:
            place: What the reader has.
            max_bytes: About how large the piece may get.
            is_part: Whether pieces came before.
        """
        changed: list[Key] = []
        size, following = 0, None
        behind, places = self.recency.behind(place)
        while bunch := list(islice(behind, BUNCH)):
            size += self._wire_size(bunch)
            if changed and size > max_bytes:
                following = next(places)
                break
            changed += bunch
            *_, place = islice(places, len(bunch))
        rows, born, names = self._committed(changed)
        change: dict[str, object] = {}
        present = sorted([key for key in changed if key in rows], key=born.__getitem__)
        if present:
            picked = [rows[key] for key in present]
            change["upsert"] = {name: [row.get(name) for row in picked] for name in names}
        gone = [key for key in changed if key not in rows]
        if gone:
            change["remove"] = gone
        if is_part or following is not None:
            change["rank"] = [born[key] for key in present]
        if following is None:
            return Piece(_encode(change), place, None)
        change["more"] = True
        return Piece(_encode(change), place, following // STEP - 1)

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
        self._set_columns(list(islice(self._columns, journal.columns)))
        self._snapshot = None
        self.journal()

    def load(self, changes: Changes, offset: int) -> None:
        self._touch_all(self._take_over(changes), offset)
        # What was removed before is not known.
        self.recency.forgotten = offset
        self.journal()

    def follow(self, changes: Changes, offset: int) -> None:
        self._touch_all(self._take_over(changes), offset)
        self.journal()

    def _take_over(self, changes: Changes) -> dict[Key, bool]:
        """Make rows what they are elsewhere; return their keys, each with whether it was there before."""
        in_order = True
        found: dict[Key, bool] = {}
        for encoded, item in changes.items():
            if encoded == HEADING:
                if item is not None:
                    heading = decode_heading(item.data)
                    self.key = heading.key
                    self._set_columns(heading.columns)
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
                row = self._rows[key] = self._row_of(item.data)
                self._born[key] = item.rank
                self._births = max(self._births, item.rank)
                self._bytes += _row_weight(key, row)
        if not in_order:
            self._sort()
        self._snapshot = None
        return found

    def recall(self, publications: list[bytes], offset: int) -> None:
        """Take from the newest publications when rows changed last, once all items are loaded.

        Args:
            publications: The data of each.
            offset: Of the last one before them.
        """
        recency = self.recency = Recency(forgotten=offset)
        for key in self._rows:
            recency.touch(key, offset, was_there=True, is_there=True)
        for data in publications:
            offset += 1
            change = _decoder.decode(data)
            upserted = (change.upsert or {}).get(self.key or "", ())
            for key in (*upserted, *(change.remove or ())):
                if isinstance(key, str | int):
                    is_there = key in self._rows
                    recency.touch(key, offset, was_there=is_there, is_there=is_there)

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

    def _set_columns(self, names: Iterable[str]) -> None:
        self._columns, self._names_bytes = {}, 0
        self._add_columns(names)

    def _add_columns(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._columns:
                self._columns[name] = name
                self._names_bytes += _weight([name])

    def _packed(self, columns: dict[str, list[object]]) -> dict[str, list[object]]:
        """Return columns as they are kept: known names are the same objects, nested cells are JSON.

        As Python objects they would take many times what they had on the wire.
        """
        known = self._columns
        return {
            known.get(name, name): cells if PLAIN.issuperset(map(type, cells)) else list(map(_pack, cells))
            for name, cells in columns.items()
        }

    def _row_of(self, data: bytes) -> Row:
        """Return a row as an archive keeps it; see `_packed`."""
        known = self._columns
        return {known.get(name, name): _pack(cell) for name, cell in decode_row(data).items()}

    def _rows_of(self, columns: dict[str, list[object]]) -> dict[Key, Row]:
        if not columns:
            return {}
        assert self.key is not None
        if len({*self._columns, *columns}) > MAX_COLUMNS:
            raise DataError(f"a table has at most {MAX_COLUMNS} columns")
        _check_names(name for name in columns if name not in self._columns)
        if self.key not in columns:
            raise DataError(f"no key column {self.key!r}; columns are {_names(columns)}")
        count = len(columns[self.key])
        for name, cells in columns.items():
            if len(cells) != count:
                raise DataError(f"column {name!r} has {len(cells)} cells, {self.key!r} has {count}")
        names = list(columns)
        keys = [self._key_of(key) for key in columns[self.key]]
        _check_keys(keys)
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
        self._add_columns(columns)
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

    def _weigh(self, rows: dict[Key, Row], columns: Iterable[str], gone: list[Key]) -> None:
        """Note what a change makes of the table's size.

        Raises:
            FullError: If it grows beyond what it may have.
        """
        known = self._rows
        grown = 0
        for key, row in rows.items():
            old = known.get(key)
            if old is None:
                grown += _row_weight(key, row)
            else:
                grown += _weight([*row.values()]) - _weight([old[name] for name in row if name in old])
        for key in gone:
            # What is removed in the same change was weighed above, if it was not there before.
            grown -= _row_weight(key, {**known.get(key, {}), **rows.get(key, {})})
        if grown > 0 and self._max_bytes and self._bytes + grown > self._max_bytes:
            raise FullError(
                "table_bytes", f"the table's rows take at most {self._max_bytes} bytes: table_bytes"
            )
        check_room(self, grown + _weight([name for name in columns if name not in self._columns]))
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
        self.recency.touch(key, offset, was_there=was_there, is_there=key in self._rows)

    def _touch_all(self, keys: dict[Key, bool], offset: int) -> None:
        """Note the last change of keys, each with whether it was there before."""
        for key, was_there in keys.items():
            self._touch(key, offset, was_there=was_there)
        self._forget()

    def _forget(self) -> None:
        """Forget removed keys where there are too many."""
        self.recency.forget(self._rows, self._bytes)

    def _fits(self, max_bytes: int) -> bool:
        """Say whether all rows are one message that is about so large."""
        keys = iter(self._rows)
        while max_bytes >= 0 and (bunch := list(islice(keys, BUNCH))):
            max_bytes -= self._wire_size(bunch)
        return max_bytes >= 0

    def _wire_size(self, keys: Iterable[Key]) -> int:
        """Return about how many bytes rows take on the wire, removed ones too."""
        # With the names of their columns, which stand for the nulls of those that a row does not have.
        known = self._rows
        return len(_encode([known.get(key, key) for key in keys]))


def _pack(cell: object) -> object:
    """Return a cell as it is kept."""
    return cell if type(cell) in PLAIN else Raw(_encode(cell))


def _weight(cells: list[object]) -> int:
    """Return about how many bytes cells take in memory: of each of them the same in whatever company."""
    if not cells:
        return 0
    text = _encode(cells)
    # Without the brackets and commas.
    size = len(text) - len(cells) - 1
    if not text.isascii():
        size += sum(widening(cell) for cell in cells if type(cell) is str)
    return size + CELL_BYTES * len(cells) + NESTED_BYTES * list(map(type, cells)).count(Raw)


def _row_weight(key: Key, row: Row) -> int:
    """Return about how many bytes a row takes in memory."""
    return ROW_BYTES + _weight([key, *row.values()])


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if len(name) > MAX_NAME_CHARS:
            raise DataError(
                f"a column's name has at most {MAX_NAME_CHARS} characters; {name[:40]!r}… has {len(name)}"
            )


def _check_keys(keys: list[Key]) -> None:
    for key in keys:
        if isinstance(key, str) and len(key) > MAX_KEY_BYTES // 4 and len(key.encode()) > MAX_KEY_BYTES:
            raise DataError(
                f"a row's key has at most {MAX_KEY_BYTES} bytes; {key[:40]!r}… has {len(key.encode())}"
            )


def _same(known: Row | None, row: Row) -> bool:
    """Say whether two rows are the same as JSON: in Python 1, 1.0 and True are equal."""
    return known == row and _encode(known) == _encode({name: row[name] for name in known})


def _names(columns: dict[str, list[object]]) -> str:
    return ", ".join(repr(name) for name in list(columns)[:12])
