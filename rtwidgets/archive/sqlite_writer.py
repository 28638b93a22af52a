"""An archive as one SQLite file: its tables, and the statements that write them. Blocking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from ..core.batch import ArchiveFault, Batch
from ..core.erasing import erased, sign_of
from ..errors import ConfigError
from .base import PIECE, SCHEMA, OtherPublications, too_many_channels
from .sqlite_reader import SqliteReader

# Pages that are given back to the file system at a time.
VACUUM_PAGES = 256

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE channel (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    epoch TEXT NOT NULL,
    top INTEGER NOT NULL,
    batch TEXT NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE TABLE publication (
    channel INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (channel, offset)
);
CREATE INDEX publication_time ON publication (channel, time_ms, offset);
CREATE TABLE item (
    channel INTEGER NOT NULL,
    key BLOB NOT NULL,
    rank INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (channel, key)
);
CREATE INDEX item_rank ON item (channel, rank, key);
CREATE TABLE producer (
    channel INTEGER NOT NULL,
    key BLOB NOT NULL,
    seq INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, key)
) WITHOUT ROWID;
CREATE INDEX producer_time ON producer (time_ms);
"""


class SqliteWriter(SqliteReader):
    """The one connection that writes.

    Args:
        path: The file; it is there already.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        # A commit is on the disk when it returns, also when the power fails then.
        self._run("PRAGMA synchronous = FULL")
        # What is deleted is overwritten.
        self._run("PRAGMA secure_delete = ON")
        # Whether the write-ahead log may still have what was erased.
        self._is_stained = False

    def prepare(self) -> None:
        """Make the tables, or see that those that are there are ours.

        Raises:
            ConfigError: If they are of another version or another program.
            sqlite3.Error: If the file can't be used.
        """
        if not self._names():
            self._run("PRAGMA auto_vacuum = INCREMENTAL")
        self._run("PRAGMA journal_mode = WAL")
        with self._transaction():
            names = self._names()
            if not names:
                for statement in _TABLES.split(";"):
                    self._run(statement)
                self._run("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
            elif "meta" not in names:
                raise ConfigError("it is the database of another program")
            row = self._run("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            version = row[0] if row is not None else "none"
            if version != str(SCHEMA):
                raise ConfigError(
                    f"its tables have version {version}, this program knows {SCHEMA}: use the rtwidgets that "
                    "wrote it, or another file"
                )

    def commit(self, batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
        """Keep batches; see `Archive.commit`."""
        with self._transaction():
            faults = [self._keep(batch, max_channels) for batch in batches]
        self._is_stained = self._is_stained or any(batch.erased for batch in batches)
        if self._is_stained:
            # Readers of an older state of the file keep it from being done; then the next commit tries again.
            self._is_stained = bool(self._run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        return faults

    def was_committed(self, batch: Batch) -> bool:
        """Say whether a batch is the channel's last one."""
        row = self._run("SELECT batch FROM channel WHERE name = ?", (batch.channel,)).fetchone()
        return row is not None and row[0] == batch.mark

    def trim(self, channel: int, stop: int, *, items: bool) -> bool:
        """Remove a piece of a channel's oldest publications; see `Archive.trim`."""
        with self._transaction():
            found = self._run(
                "SELECT offset, length(data) FROM publication WHERE channel = ? AND offset < ? "
                "ORDER BY offset LIMIT ?",
                (channel, stop, PIECE),
            ).fetchall()
            if found:
                last = found[-1][0]
                self._run("DELETE FROM publication WHERE channel = ? AND offset <= ?", (channel, last))
                if items:
                    self._run("DELETE FROM item WHERE channel = ? AND rank <= ?", (channel, last))
                size = sum(length for _, length in found)
                self._run("UPDATE channel SET bytes = bytes - ? WHERE id = ?", (size, channel))
        # `execute` would stop at the first page.
        self._sql.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
        return len(found) == PIECE

    def forget(self, channel: int) -> None:
        """Remove an empty channel."""
        with self._transaction():
            self._run("DELETE FROM producer WHERE channel = ?", (channel,))
            self._run("DELETE FROM channel WHERE id = ?", (channel,))

    def tidy(self, before_ms: int) -> None:
        """Forget producers that have sent nothing since; see `Archive.tidy`."""
        self._run(
            "DELETE FROM producer WHERE (channel, key) IN "
            "(SELECT channel, key FROM producer WHERE time_ms < ? LIMIT ?)",
            (before_ms, PIECE),
        )

    def _keep(self, batch: Batch, max_channels: int) -> ArchiveFault | None:
        name = batch.channel
        row = self._run("SELECT id, epoch, top FROM channel WHERE name = ?", (name,)).fetchone()
        if (None if row is None else (row[1], row[2])) != (
            None if row is None and not batch.before else (batch.epoch, batch.before)
        ):
            return OtherPublications(name)
        size = sum(map(len, batch.publications))
        if row is not None:
            channel = row[0]
            self._run(
                "UPDATE channel SET top = ?, batch = ?, bytes = bytes + ? WHERE id = ?",
                (batch.last, batch.mark, size, channel),
            )
        else:
            kept = self._run("SELECT count(*) FROM channel").fetchone()[0] if max_channels else 0
            if max_channels and kept >= max_channels:
                return too_many_channels(max_channels)
            channel = self._run(
                "INSERT INTO channel (name, kind, epoch, top, batch, bytes) VALUES (?, ?, ?, ?, ?, ?)",
                (name, batch.kind, batch.epoch, batch.last, batch.mark, size),
            ).lastrowid
        for message_id, offset in batch.erased.items():
            self._erase(channel, message_id, offset)
        self._many(
            "INSERT INTO publication VALUES (?, ?, ?, ?)",
            (
                (channel, offset, batch.time_ms, data)
                for offset, data in zip(count(batch.before + 1), batch.publications, strict=False)
            ),
        )
        self._many(
            "INSERT INTO item VALUES (?, ?, ?, ?) "
            "ON CONFLICT (channel, key) DO UPDATE SET rank = excluded.rank, data = excluded.data"
            + (" WHERE item.rank = excluded.rank" if batch.kind == "chat" else ""),
            ((channel, key, *item) for key, item in batch.changes.items() if item is not None),
        )
        self._many(
            "DELETE FROM item WHERE channel = ? AND key = ? AND rank = coalesce(?, rank)",
            ((channel, *gone) for gone in batch.gone),
        )
        self._many(
            "INSERT INTO producer VALUES (?, ?, ?, ?) "
            "ON CONFLICT (channel, key) DO UPDATE SET seq = excluded.seq, time_ms = excluded.time_ms",
            ((channel, key, seq, batch.time_ms) for key, seq in batch.producers.items()),
        )
        return None

    def _erase(self, channel: int, message_id: str, offset: int) -> None:
        """Take what a message said out of the publications from an offset on."""
        found = self._run(
            "SELECT offset, data FROM publication WHERE channel = ? AND offset >= ? AND instr(data, ?)",
            (channel, offset, sign_of(message_id)),
        ).fetchall()
        changed = [(without, at) for at, data in found if (without := erased(data, (message_id,)))]
        self._many(
            "UPDATE publication SET data = ? WHERE channel = ? AND offset = ?",
            ((without, channel, at) for without, at in changed),
        )
        sizes = {at: len(data) for at, data in found}
        freed = sum(sizes[at] - len(without) for without, at in changed)
        self._run("UPDATE channel SET bytes = bytes - ? WHERE id = ?", (freed, channel))

    def _names(self) -> set[str]:
        return {name for (name,) in self._run("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def _many(self, statement: str, rows: Iterator[tuple[object, ...]]) -> None:
        self._sql.executemany(statement, rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            # Some errors have ended it already.
            if self._sql.in_transaction:
                self._run("ROLLBACK")
            raise
