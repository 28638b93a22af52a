"""About how many bytes the cells and rows of a table take in memory."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from .table_items import Key, Row
from .weight import widenings

# About what a row takes, and a cell besides its JSON, and one that is a list or an object besides.
ROW_BYTES = 400
CELL_BYTES = 32
NESTED_BYTES = 96

_encode = msgspec.json.Encoder().encode


def cells_weight(cells: list[object]) -> int:
    """Return about how many bytes cells take: of each of them the same in whatever company."""
    if not cells:
        return 0
    text = _encode(cells)
    # Without the brackets and commas.
    size = len(text) - len(cells) - 1 + widenings(cells, text)
    return size + CELL_BYTES * len(cells) + NESTED_BYTES * list(map(type, cells)).count(Raw)


def row_weight(key: Key, row: Row) -> int:
    """Return about how many bytes a row takes."""
    return ROW_BYTES + cells_weight([key, *row.values()])
