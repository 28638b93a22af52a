"""The rows of a table: what changes make of them, and what they weigh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from .table_items import Before, Journal, Key, Row, put_back
from .table_weight import ROW_BYTES, cells_weight, row_weight

_encode = msgspec.json.Encoder().encode


class Rows:
    """Rows by key, in the order in which they came."""

    def __init__(self) -> None:
        self.by_key: dict[Key, Row] = {}
        # When each row came, as a number: readers that get many at once get them in this order.
        self.born: dict[Key, int] = {}
        # About what they take in memory.
        self.bytes = 0
        self._births = 0

    def growth(self, rows: dict[Key, Row], gone: list[Key]) -> int:
        """Return how much more the rows take with a change.

        Args:
            rows: All with the same columns.
            gone: Keys that are there, or in `rows`.
        """
        known = self.by_key
        old = [known[key] for key in rows if key in known]
        new = [key for key in rows if key not in known] if len(old) < len(rows) else []
        # One weight of many cells: to weigh them row by row would take several times as long.
        names: Iterable[str] = next(iter(rows.values()), ())
        before = [row[name] for name in names for row in old if name in row]
        after = [*new, *_cells_of(rows.values())]
        grown = ROW_BYTES * len(new) + cells_weight(after) - cells_weight(before)
        if gone:
            # What is removed in the same change was weighed above, if it was not there before.
            last = ({**known.get(key, {}), **rows[key]} if key in rows else known[key] for key in gone)
            grown -= ROW_BYTES * len(gone) + cells_weight([*gone, *_cells_of(last)])
        return grown

    def changed_by(self, rows: dict[Key, Row]) -> dict[Key, Row]:
        """Return those rows that are not there in the same way: as JSON, where 1, 1.0 and True differ."""
        known = self.by_key
        alike = [key for key, row in rows.items() if known.get(key) == row]
        if not _are_same([known[key] for key in alike], [rows[key] for key in alike]):
            alike = [key for key in alike if _are_same([known[key]], [rows[key]])]
        same = set(alike)
        return {key: row for key, row in rows.items() if key not in same}

    def apply(self, rows: dict[Key, Row], gone: list[Key], grown: int) -> None:
        """Change cells, add rows, and take rows away; it is known what that makes of their weight."""
        by_key, born = self.by_key, self.born
        for key, row in rows.items():
            known = by_key.get(key)
            if known is None:
                by_key[key] = row
                born[key] = self._births = self._births + 1
            else:
                known.update(row)
        for key in gone:
            del by_key[key], born[key]
        self.bytes += grown

    def note(self, journal: Journal, keys: list[Key], offset: int) -> None:
        """Remember rows as they are before they change, and that they do."""
        for key in keys:
            if key not in journal.rows:
                row = self.by_key.get(key)
                journal.rows[key] = Before(None if row is None else dict(row), self.born.get(key))
            journal.touched.pop(key, None)
            journal.touched[key] = offset

    def undo(self, journal: Journal) -> None:
        """Make all rows what they were."""
        # A row that had gone, or had come anew.
        has_moved = any(was.born not in (None, self.born.get(key)) for key, was in journal.rows.items())
        for key, was in journal.rows.items():
            put_back(self.by_key, key, was.row)
            put_back(self.born, key, was.born)
        self.bytes = journal.bytes
        if has_moved:
            self._sort()

    def take_over(self, rows: dict[Key, tuple[int, Row] | None]) -> dict[Key, bool]:
        """Make rows what they are elsewhere, each with when it came there, or None where it is gone.

        Returns:
            Whether each was there before.
        """
        in_order = True
        found: dict[Key, bool] = {}
        for key, taken in rows.items():
            old = self.by_key.get(key)
            found[key] = old is not None
            if old is not None:
                self.bytes -= row_weight(key, old)
            if taken is None:
                self.by_key.pop(key, None)
                self.born.pop(key, None)
                continue
            rank, row = taken
            born = self.born.get(key)
            in_order &= rank >= self._births if born is None else rank == born
            self.by_key[key], self.born[key] = row, rank
            self._births = max(self._births, rank)
            self.bytes += row_weight(key, row)
        if not in_order:
            self._sort()
        return found

    def _sort(self) -> None:
        """Put the rows in the order that they came."""
        self.by_key = dict(sorted(self.by_key.items(), key=lambda row: self.born[row[0]]))


def _cells_of(rows: Iterable[Row]) -> Iterator[object]:
    return chain.from_iterable(row.values() for row in rows)


def _are_same(known: list[Row], rows: list[Row]) -> bool:
    """Say whether rows that are equal are so as JSON."""
    as_known = [[row[name] for name in old] for old, row in zip(known, rows, strict=True)]
    return _encode([[*old.values()] for old in known]) == _encode(as_known)
