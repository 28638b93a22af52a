"""A copy of a table, kept up to date from its snapshot and publications. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

Key = str | int
Row = dict[str, Any]  # cells are any JSON: another publisher may nest


class Snapshot(msgspec.Struct):
    """``data`` of a table's subscribe reply; with `more` the rows follow in pieces."""

    key: str | None = None
    rows: dict[str, list[Any]] = {}
    more: bool = False


class Change(msgspec.Struct):
    """``data`` of a table's publication.

    Args:
        rank: Of a piece: the order of its rows in the whole table.
        more: Of a piece: whether it is not the last one.
    """

    upsert: dict[str, list[Any]] = {}
    remove: list[Key] = []
    rank: list[int] = []
    more: bool = False


@dataclass(frozen=True, slots=True)
class TableChange:
    """What changed in a table.

    Args:
        rows: New and changed rows, whole.
        removed: Keys of rows that are gone.
    """

    rows: list[Row] = field(default_factory=list)
    removed: list[Key] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.rows or self.removed)


class TableCopy:
    """Rows by key; a snapshot states which column that is.

    While a snapshot comes in pieces the rows stay what they were.
    """

    def __init__(self) -> None:
        self.key: str | None = None
        self.rows: dict[Key, Row] = {}
        # Rows that have come of a snapshot that is not whole yet, and their order.
        self._coming: dict[Key, Row] | None = None
        self._ranks: dict[Key, int] = {}

    @property
    def is_whole(self) -> bool:
        """Whether no pieces of a snapshot are still to come."""
        return self._coming is None

    def reset(self, snapshot: Snapshot) -> TableChange:
        """Take a snapshot as the whole table, or its beginning; return what is different from before."""
        self.key = snapshot.key or self.key
        rows = {row[self.key or ""]: row for row in _rows_of(snapshot.rows)}
        self._ranks = {}
        if snapshot.more:
            self._coming = rows
            return TableChange()
        return self._replace(rows)

    def apply(self, change: Change) -> TableChange:
        """Take a publication; return what it changed."""
        if self._coming is None:
            return self._fold(change, self.rows)
        self._fold(change, self._coming)
        self._ranks.update(zip(change.upsert.get(self.key or "", ()), change.rank, strict=True))
        if change.more:
            return TableChange()
        order = sorted(self._coming, key=self._ranks.__getitem__)
        return self._replace({key: self._coming[key] for key in order})

    def _replace(self, rows: dict[Key, Row]) -> TableChange:
        self._coming = None
        before, self.rows = self.rows, rows
        changed = [dict(row) for key, row in rows.items() if before.get(key) != row]
        return TableChange(changed, [key for key in before if key not in rows])

    def _fold(self, change: Change, rows: dict[Key, Row]) -> TableChange:
        touched: list[Row] = []
        for cells in _rows_of(change.upsert):
            row = rows.setdefault(cells[self.key or ""], {})
            row.update(cells)
            touched.append(dict(row))
        removed = [key for key in change.remove if rows.pop(key, None) is not None]
        return TableChange(touched, removed)


def _rows_of(columns: dict[str, list[Any]]) -> list[Row]:
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
