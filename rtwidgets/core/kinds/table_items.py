"""A table as an archive keeps it, and what it was before the changes that are not committed yet."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

Key: TypeAlias = str | int
Row: TypeAlias = dict[str, object]
T = TypeVar("T")

# The key of the item that says what all rows have in common; those of rows are never empty.
HEADING = b""


class Heading(Struct):
    """The table's key column and its columns."""

    key: str
    columns: list[str]


class Before(NamedTuple):
    """A row as it was committed; None where there was none."""

    row: Row | None
    born: int | None


class Journal:
    """What is not committed yet.

    Args:
        key: The key column as it was committed.
        columns: How many of the columns were there.
        bytes: What the rows took in memory.
    """

    def __init__(self, key: str | None, columns: int, bytes: int) -> None:
        self.key = key
        self.columns = columns
        self.bytes = bytes
        self.rows: dict[Key, Before] = {}
        # Offset of each key's last change, latest last.
        self.touched: dict[Key, int] = {}


decode_heading = msgspec.json.Decoder(Heading).decode
decode_key = msgspec.json.Decoder(str | int).decode
decode_row = msgspec.json.Decoder(dict[str, object]).decode


def put_back(kept: dict[Key, T], key: Key, was: T | None) -> None:
    """Make an entry what it was."""
    if was is None:
        kept.pop(key, None)
    else:
        kept[key] = was
