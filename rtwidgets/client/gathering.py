"""The state of one channel as it comes to a late joiner: the subscribe reply and what follows it. No I/O."""

from __future__ import annotations

from typing import Any

import msgspec

from ..protocol.messages import Publication, SubscribeResult
from .reading import anything, read, read_columns
from .table_copy import Change, Snapshot, TableCopy

_snapshot = msgspec.json.Decoder(Snapshot)
_change = msgspec.json.Decoder(Change)
_encoded = msgspec.json.Encoder().encode


class Gathering:
    """Take publications until the channel's state is there.

    What can't be read raises a ChannelError, and is left out if it is a publication.

    Args:
        channel: Its name.
        result: Of the subscribe request.
    """

    def __init__(self, channel: str, result: SubscribeResult) -> None:
        self._channel = channel
        raw = bytes(result.data) or b"null"
        self._data: Any = read(anything, raw, channel)
        self._kind = self._data.get("kind") if isinstance(self._data, dict) else None
        self._table: TableCopy | None = None
        self._past: list[Any] = []
        # Up to this offset publications are a part of the state.
        self._until = 0
        if self._kind == "table" and self._data.get("more"):
            self._table = TableCopy()
            self._table.reset(_snapshot.decode(raw))
        elif self._kind in ("stream", "event"):
            until = self._data.get("until", 0)
            self._until = until if result.offset < until else 0
        self.is_whole = self._table is None and not self._until

    def take(self, publication: Publication) -> None:
        """Take what comes; behind the state it is left out."""
        if self.is_whole:
            return
        if self._table is not None:
            self._table.apply(read(_change, publication.data, self._channel))
            self.is_whole = self._table.is_whole
            return
        self.is_whole = publication.offset >= self._until
        if publication.offset <= self._until:
            if self._kind == "stream":
                self._past.append(read_columns(publication.data, self._channel))
            else:
                self._past.append(read(anything, _encoded(publication), self._channel))

    @property
    def state(self) -> Any:
        """What has come, in one piece."""
        match self._kind:
            case "stream":
                return {"kind": "stream", "batches": self._past}
            case "event":
                return {"kind": "event", "publications": self._past}
            case "table" if self._table is not None:
                rows = self._table.rows.values()
                names = dict.fromkeys(name for row in rows for name in row)
                cells = {name: [row.get(name) for row in rows] for name in names}
                return {"kind": "table", "key": self._table.key, "rows": cells}
            case _:
                return self._data
