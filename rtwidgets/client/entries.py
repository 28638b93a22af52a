"""Entries: what came of another system, on its way into a channel of any kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ColumnsError


@dataclass(frozen=True, slots=True)
class Entry:
    """One decoded message of another system.

    Args:
        value: What it says; None says that its key is gone.
        key: What it is about, where the system tells.
        key_column: Column of a row that takes the key, unless the row has it; "" for none.
        time: When it was said, in seconds since the Unix epoch: the ``time`` of a stream's row without one.
        place: Where the message stands, for errors: ``"topic 'orders', partition 0, offset 17"``.
    """

    value: Any
    key: Any = None
    key_column: str = ""
    time: float | None = None
    place: str = ""

    def row(self, key_column: str = "") -> dict[str, Any]:
        """Return the value as a row; what is no mapping becomes the cell ``value``.

        Args:
            key_column: A table's key column, which takes the key rather than the entry's own.

        Raises:
            ColumnsError: If the value is a list, which is no row.
        """
        if isinstance(self.value, list | tuple):
            raise ColumnsError('a list is no row: publish an object, such as {"price": 101.2}')
        row = dict(self.value) if isinstance(self.value, Mapping) else {"value": self.value}
        column = key_column or self.key_column
        if column and self.key is not None and column not in row:
            return {column: self.key, **row}
        return row


@dataclass(frozen=True, slots=True)
class Several:
    """Entries that a source yields at once, so that they become as few publications as the channel allows.

    Args:
        refuse: Called with an entry that the channel can't take, and why: it returns, and the entry is left
            out, or raises, which ends the feed.
    """

    entries: tuple[Entry, ...]
    refuse: Callable[[Entry, Exception], None]
