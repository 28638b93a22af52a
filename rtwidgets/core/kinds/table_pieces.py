"""A table as readers get it: all at once, or in pieces of whole rows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import msgspec

from .recency import STEP, Recency
from .table_items import Key, Row

# So many rows are in a piece, or are not, together.
BUNCH = 16
# And a piece has no more of them: the hub does nothing else while it makes one.
MAX_PIECE_ROWS = 4_000

_encode = msgspec.json.Encoder().encode


class View(NamedTuple):
    """What readers may see of a table: rows, when each came as a number, and the names of the columns."""

    rows: dict[Key, Row]
    born: dict[Key, int]
    names: list[str]


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


def keys_behind(
    recency: Recency, place: int, rows: dict[Key, Row], max_bytes: int
) -> tuple[list[Key], int, int | None]:
    """Return the keys that a reader at a place gets next, where it stands then, and the next place, if any.

    Args:
        rows: Those that are there, for their size.
        max_bytes: About what they may take on the wire together.
    """
    changed: list[Key] = []
    size = 0
    behind, places = recency.behind(place)
    while bunch := list(islice(behind, BUNCH)):
        size += _wire_size(rows, bunch)
        if changed and (size > max_bytes or len(changed) >= MAX_PIECE_ROWS):
            return changed, place, next(places)
        changed += bunch
        *_, place = islice(places, len(bunch))
    return changed, place, None


def make_piece(changed: list[Key], view: View, place: int, following: int | None, *, is_part: bool) -> Piece:
    """Return a publication with the rows of some keys, as they are, or that they are gone.

    Where the reader does not get all at once each piece says so: `more` that others follow, and `rank` in
    which order the rows came, as pieces have another.

    Args:
        place: Where the reader stands with it.
        following: The place of the next change; None when there is none.
        is_part: Whether pieces came before.
    """
    rows, born, names = view
    change: dict[str, object] = {}
    present = sorted([key for key in changed if key in rows], key=born.__getitem__)
    if present:
        change["upsert"] = columns_of([rows[key] for key in present], names)
    gone = [key for key in changed if key not in rows]
    if gone:
        change["remove"] = gone
    if is_part or following is not None:
        change["rank"] = [born[key] for key in present]
    if following is None:
        return Piece(_encode(change), place, None)
    change["more"] = True
    return Piece(_encode(change), place, following // STEP - 1)


def columns_of(rows: Iterable[Row], names: Iterable[str]) -> dict[str, list[object]]:
    """Return rows as columns; cells that are missing are null."""
    picked = list(rows)
    return {name: [row.get(name) for row in picked] for name in names}


def fits(rows: dict[Key, Row], max_bytes: int) -> bool:
    """Say whether all rows are one message that is about so large."""
    keys = iter(rows)
    while max_bytes >= 0 and (bunch := list(islice(keys, BUNCH))):
        max_bytes -= _wire_size(rows, bunch)
    return max_bytes >= 0


def _wire_size(rows: dict[Key, Row], keys: Iterable[Key]) -> int:
    """Return about how many bytes rows take on the wire, removed ones too."""
    # With the names of their columns, which stand for the nulls of those that a row does not have.
    return len(_encode([rows.get(key, key) for key in keys]))
