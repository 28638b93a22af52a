"""An archive as one SQLite file: the statements that read it. Blocking."""

from __future__ import annotations

import sqlite3

from ..core.batch import Changes, Item, Stored, Tail, Wanted, read_mark
from .base import MAX_PRODUCERS, PIECE, Kept

# How long to wait for somebody who has the file open, such as a backup.
BUSY_TIMEOUT_S = 5.0

_SURVEY = """
SELECT id, name, top, first, (SELECT time_ms FROM publication WHERE channel = id AND offset = first), bytes,
    EXISTS (SELECT 1 FROM item WHERE channel = id)
FROM (
    SELECT id, name, top, bytes,
        (SELECT offset FROM publication WHERE channel = id ORDER BY offset LIMIT 1) AS first
    FROM channel WHERE id > ? ORDER BY id LIMIT ?
)
"""


class SqliteReader:
    """One connection to the file. It is used by one thread only.

    Args:
        path: The file; it is there already.
    """

    def __init__(self, path: str) -> None:
        self._sql = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        self._run = self._sql.execute

    def close(self) -> None:
        """Let go of the file."""
        self._sql.close()

    def is_sound(self) -> bool:
        """Look through the whole file for damage."""
        try:
            return bool(self._run("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        except sqlite3.DatabaseError:
            return False

    def load(self, name: str, tail: Tail) -> Stored | None:
        """Return a channel without its items."""
        row = self._run("SELECT id, kind, epoch, batch, top FROM channel WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        channel, kind, epoch, mark, top = row
        publications: list[tuple[int, bytes]] = []
        size = 0
        for offset, time_ms, data in self._run(
            "SELECT offset, time_ms, data FROM publication WHERE channel = ? ORDER BY offset DESC LIMIT ?",
            (channel, tail.size),
        ):
            size += len(data)
            if offset != top - len(publications) or time_ms < tail.since_ms:
                break
            if publications and 0 < tail.max_bytes < size:
                break
            publications.append((time_ms, data))
        producers = self._run(
            "SELECT key, seq FROM producer WHERE channel = ? ORDER BY time_ms DESC LIMIT ?",
            (channel, MAX_PRODUCERS),
        ).fetchall()
        return Stored(kind, epoch, top, publications[::-1], dict(reversed(producers)), *read_mark(mark, top))

    def first_rank(self, name: str, newest: int) -> int:
        """Return the rank from which on a channel has so many items."""
        row = self._run(
            "SELECT rank FROM item WHERE channel = (SELECT id FROM channel WHERE name = ?) "
            "ORDER BY rank DESC LIMIT 1 OFFSET ?",
            (name, newest - 1),
        ).fetchone()
        return 0 if row is None else int(row[0])

    def items(self, name: str, rank: int, key: bytes | None) -> Changes:
        """Return a piece of a channel's items: those from a rank on, and in that rank behind a key."""
        found = self._run(
            "SELECT key, rank, data FROM item WHERE channel = (SELECT id FROM channel WHERE name = ?) "
            f"AND (rank, key) {'>=' if key is None else '>'} (?, ?) ORDER BY rank, key LIMIT ?",
            (name, rank, key or b"", PIECE),
        )
        return {key: Item(rank, data) for key, rank, data in found}

    def read(self, name: str, wanted: Wanted) -> list[bytes]:
        """Return publications."""
        row = self._run("SELECT id FROM channel WHERE name = ?", (name,)).fetchone()
        if row is None:
            return []
        after, before = wanted.after, wanted.before
        if (first := self.offset_at(row[0], wanted.from_ms)) is None:
            return []
        after = max(after, first - 1)
        if (end := self.offset_at(row[0], wanted.to_ms)) is not None:
            before = min(before, end)
        order = "DESC" if wanted.reverse else "ASC"
        found: list[bytes] = []
        size = 0
        for (data,) in self._run(
            "SELECT data FROM publication WHERE channel = ? AND offset > ? AND offset < ? "
            f"ORDER BY offset {order} LIMIT ?",
            (row[0], after, before, wanted.limit),
        ):
            size += len(data)
            if found and wanted.max_bytes and size > wanted.max_bytes:
                break
            found.append(data)
        return found

    def items_before(self, name: str, key: bytes, limit: int) -> list[bytes]:
        """Return the data of items of lower rank than one."""
        found = self._run(
            "SELECT item.data FROM item JOIN item AS mark ON mark.channel = item.channel AND mark.key = ? "
            "WHERE item.channel = (SELECT id FROM channel WHERE name = ?) AND item.rank < mark.rank "
            "ORDER BY item.rank DESC LIMIT ?",
            (key, name, limit),
        )
        return [data for (data,) in found]

    def survey(self, after: int) -> list[Kept]:
        """Return channels behind an id."""
        found = self._run(_SURVEY, (after, PIECE))
        return [
            Kept(id, name, top, first, oldest_ms, size, bool(has_items))
            for id, name, top, first, oldest_ms, size, has_items in found
        ]

    def offset_at(self, channel: int, time_ms: int) -> int | None:
        """Return the offset of the oldest publication from a time on."""
        row = self._run(
            "SELECT offset FROM publication WHERE channel = ? AND time_ms >= ? "
            "ORDER BY time_ms, offset LIMIT 1",
            (channel, time_ms),
        ).fetchone()
        return None if row is None else int(row[0])
