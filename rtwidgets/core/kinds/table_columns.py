"""The columns of a table: their names, and cells as they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw

from .base import DataError
from .table_items import Row
from .table_weight import cells_weight

MAX_COLUMNS = 256
MAX_NAME_CHARS = 255
PLAIN = frozenset((str, int, float, bool, type(None)))

Cells = dict[str, list[object]]

_encode = msgspec.json.Encoder().encode


class Columns:
    """The names of a table's columns, in the order in which they came.

    Names that are known are the same objects in all rows, and nested cells are JSON: as Python objects they
    would take many times what they had on the wire.
    """

    def __init__(self) -> None:
        # The names under themselves.
        self._known: dict[str, str] = {}
        # About what they take in memory.
        self.bytes = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def new(self, names: Iterable[str]) -> list[str]:
        """Return the names that are not there yet.

        Raises:
            DataError: If one is too long, or they would be too many.
        """
        new = [name for name in names if name not in self._known]
        if not new:
            return new
        if len(self._known) + len(new) > MAX_COLUMNS:
            raise DataError(f"a table has at most {MAX_COLUMNS} columns")
        for name in new:
            if len(name) > MAX_NAME_CHARS:
                raise DataError(
                    f"a column's name has at most {MAX_NAME_CHARS} characters; {name[:40]!r}… has {len(name)}"
                )
        return new

    def add(self, new: Iterable[str]) -> None:
        """Take in names that are not there yet."""
        for name in new:
            self._known[name] = name
            self.bytes += cells_weight([name])

    def replace(self, names: Iterable[str]) -> None:
        """Have these names only."""
        self._known, self.bytes = {}, 0
        self.add(names)

    def pack(self, columns: Cells) -> Cells:
        """Return columns as they are kept."""
        known = self._known
        return {
            known.get(name, name): cells if PLAIN.issuperset(map(type, cells)) else list(map(_pack, cells))
            for name, cells in columns.items()
        }

    def pack_row(self, row: Row) -> Row:
        """Return a row as it is kept."""
        known = self._known
        return {known.get(name, name): _pack(cell) for name, cell in row.items()}


def _pack(cell: object) -> object:
    return cell if type(cell) in PLAIN else Raw(_encode(cell))
