"""A copy of a table, kept up to date from its snapshot and publications. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

Key = str | int
Row = dict[str, Any]  # cells are any JSON: another publisher may nest


class Snapshot(msgspec.Struct):
    """``data`` of a table's subscribe reply."""

    key: str | None = None
    rows: dict[str, list[Any]] = {}


class Change(msgspec.Struct):
    """``data`` of a table's publication."""

    upsert: dict[str, list[Any]] = {}
    remove: list[Key] = []


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
    """Rows by key; a snapshot states which column that is."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.rows: dict[Key, Row] = {}

    def reset(self, snapshot: Snapshot) -> TableChange:
        """Take a snapshot as the whole table; return what is different from before."""
        self.key = snapshot.key or self.key
        before, self.rows = self.rows, {}
        for row in _rows_of(snapshot.rows):
            self.rows[row[self.key or ""]] = row
        changed = [dict(row) for key, row in self.rows.items() if before.get(key) != row]
        return TableChange(changed, [key for key in before if key not in self.rows])

    def apply(self, change: Change) -> TableChange:
        """Take a publication; return what it changed."""
        touched: list[Row] = []
        for cells in _rows_of(change.upsert):
            row = self.rows.setdefault(cells[self.key or ""], {})
            row.update(cells)
            touched.append(dict(row))
        removed = [key for key in change.remove if self.rows.pop(key, None) is not None]
        return TableChange(touched, removed)


def _rows_of(columns: dict[str, list[Any]]) -> list[Row]:
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
