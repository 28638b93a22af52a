"""What a publication of a table says: columns to upsert, keys to remove."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ..rules import MAX_TABLE_ROWS
from .base import DataError
from .table_columns import Cells
from .table_items import Key, Row

MAX_KEY_BYTES = 1_024
_KEY_TYPES = frozenset((str, int))


class Change(Struct, forbid_unknown_fields=True):
    """The data of a table's publication."""

    upsert: dict[str, list[object]] | UnsetType = UNSET
    remove: list[object] | UnsetType = UNSET
    replace: bool = False

    def keys(self, key: str) -> Iterable[object]:
        """Return the keys of all rows that it changes, of a change that was accepted."""
        yield from (self.upsert or {}).get(key, ())
        yield from self.remove or ()


_decoder = msgspec.json.Decoder(Change)


def decode_change(data: bytes) -> Change:
    """Read the data of a publication.

    Raises:
        DataError: If it is no change of a table.
    """
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise DataError(f'a table takes {{"upsert": columns, "remove": [keys]}}: {error}') from None
    except RecursionError:
        raise DataError("the table's data is nested too deep") from None


def may_replace(data: bytes) -> bool:
    """Say whether a change may be one that replaces the table; a name may be written with escapes."""
    return b'"replace"' in data or b"\\u" in data


def check_rows(change: Change) -> None:
    """Check that a change is no more work than a hub does at one go. What replaces the table goes in one.

    Raises:
        DataError: If it has too many rows.
    """
    if change.replace:
        return
    upserted = max(map(len, (change.upsert or {}).values()), default=0)
    count = max(upserted, len(change.remove or ()))
    if count > MAX_TABLE_ROWS:
        raise DataError(
            f"a publication upserts at most {MAX_TABLE_ROWS} rows of a table, and removes as many; this one "
            f"has {count}: send them in several"
        )


def rows_of(columns: Cells, key: str) -> dict[Key, Row]:
    """Return columns as rows by their keys; of two with one key the last.

    Raises:
        DataError: If a column is missing cells, the key column is missing, or a key is none.
    """
    if not columns:
        return {}
    if key not in columns:
        raise DataError(f"no key column {key!r}; columns are {_names(columns)}")
    count = len(columns[key])
    for name, cells in columns.items():
        if len(cells) != count:
            raise DataError(f"column {name!r} has {len(cells)} cells, {key!r} has {count}")
    keys = keys_of(columns[key])
    _check_lengths(keys)
    if count == 1:
        return {keys[0]: {name: cells[0] for name, cells in columns.items()}}
    # Column by column, which is quicker than row by row.
    rows: list[Row] = [{key: cell} for cell in keys]
    for name, cells in columns.items():
        for row, cell in zip(rows, cells, strict=True):
            row[name] = cell
    return dict(zip(keys, rows, strict=True))


def keys_of(cells: list[object]) -> list[Key]:
    """Return cells as keys of rows.

    Raises:
        DataError: If one is no text and no whole number.
    """
    if not _KEY_TYPES.issuperset(map(type, cells)):
        bad = next(cell for cell in cells if type(cell) not in _KEY_TYPES)
        raise DataError(
            f"a key must be a text or a whole number, not {msgspec.json.encode(bad)[:40].decode()}"
        )
    return cells  # type: ignore[return-value]


def _check_lengths(keys: list[Key]) -> None:
    for key in keys:
        if type(key) is str and len(key) > MAX_KEY_BYTES // 4 and len(key.encode()) > MAX_KEY_BYTES:
            raise DataError(
                f"a row's key has at most {MAX_KEY_BYTES} bytes; {key[:40]!r}… has {len(key.encode())}"
            )


def _names(columns: Cells) -> str:
    return ", ".join(repr(name) for name in list(columns)[:12])
