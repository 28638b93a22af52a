"""What a publication of a table says: columns to upsert, keys to remove."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Struct, UnsetType

from .base import DataError
from .table_columns import Cells
from .table_items import Key, Row

MAX_KEY_BYTES = 1_024


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
    names, keys = list(columns), keys_of(columns[key])
    for each in keys:
        _check_length(each)
    rows = zip(*columns.values(), strict=True)
    return {key: dict(zip(names, row, strict=True)) for key, row in zip(keys, rows, strict=True)}


def keys_of(cells: list[object]) -> list[Key]:
    """Return cells as keys of rows.

    Raises:
        DataError: If one is no text and no whole number.
    """
    return [_key_of(cell) for cell in cells]


def _key_of(cell: object) -> Key:
    if isinstance(cell, bool) or not isinstance(cell, str | int):
        raise DataError(
            f"a key must be a text or a whole number, not {msgspec.json.encode(cell)[:40].decode()}"
        )
    return cell


def _check_length(key: Key) -> None:
    if isinstance(key, str) and len(key) > MAX_KEY_BYTES // 4 and len(key.encode()) > MAX_KEY_BYTES:
        raise DataError(
            f"a row's key has at most {MAX_KEY_BYTES} bytes; {key[:40]!r}… has {len(key.encode())}"
        )


def _names(columns: Cells) -> str:
    return ", ".join(repr(name) for name in list(columns)[:12])
