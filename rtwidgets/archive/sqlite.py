"""The archive in a SQLite file: one thread writes, one reads."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Generic, TypeVar

from ..core.batch import ArchiveFault, Batch, Changes, Stored, Tail, Wanted
from ..errors import ConfigError
from ..file_lock import file_lock
from .base import Kept
from .sqlite_reader import SqliteReader
from .sqlite_writer import SqliteWriter

T = TypeVar("T")
F = TypeVar("F", bound=SqliteReader)

# What a client is told, by the name SQLite has for it; more stands in the hub's log.
_WORDS = {
    "SQLITE_FULL": "the archive is full",
    "SQLITE_CORRUPT": "the archive is damaged",
    "SQLITE_NOTADB": "the archive is damaged",
    "SQLITE_BUSY": "another program keeps the archive locked",
}


class SqliteArchive:
    """Channels in one file, with a lock file beside it that keeps other hubs away.

    Args:
        path: The file. It is made, for its owner alone, when it is not there.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._held = ExitStack()
        self._is_ours = False
        self._writer = _Worker("archive-write", lambda: SqliteWriter(path))
        self._reader = _Worker("archive-read", lambda: SqliteReader(path))

    async def open(self) -> None:
        """Make it ready; see `Archive.open`."""
        await asyncio.to_thread(self._take)
        try:
            await self._writer.run(SqliteWriter.prepare)
        except ConfigError as error:
            raise ConfigError(f"hub.archive {self.path} can't be used: {error}") from None
        except ArchiveFault as fault:
            raise ConfigError(f"hub.archive {self.path} can't be used: {fault.__cause__}") from None

    async def is_sound(self) -> bool:
        """Look through the whole file for damage; it may be moved away or opened then."""
        await asyncio.to_thread(self._take)
        return await self._reader.run(SqliteReader.is_sound)

    async def close(self) -> None:
        """Let go of the file."""
        await self._reader.close()
        await self._writer.close()
        self._held.close()
        self._is_ours = False

    async def commit(self, batches: Sequence[Batch], max_channels: int) -> list[ArchiveFault | None]:
        """Keep batches in one transaction."""
        return await self._writer.run(lambda file: file.commit(batches, max_channels))

    async def was_committed(self, batch: Batch) -> bool:
        """Say whether a batch is the channel's last one."""
        return await self._writer.run(lambda file: file.was_committed(batch))

    async def load(self, channel: str, tail: Tail) -> Stored | None:
        """Return a channel without its items."""
        return await self._reader.run(lambda file: file.load(channel, tail))

    async def items(self, channel: str, newest: int) -> AsyncIterator[Changes]:
        """Yield a channel's items in pieces."""
        rank, key = 0, None
        if newest:
            rank = await self._reader.run(lambda file: file.first_rank(channel, newest))
        while piece := await self._reader.run(_piece(channel, rank, key)):
            yield piece
            key, item = list(piece.items())[-1]
            assert item is not None
            rank = item.rank

    async def read(self, channel: str, wanted: Wanted) -> list[bytes]:
        """Return publications."""
        return await self._reader.run(lambda file: file.read(channel, wanted))

    async def items_before(self, channel: str, key: bytes, limit: int) -> list[bytes]:
        """Return the data of items of lower rank than one."""
        return await self._reader.run(lambda file: file.items_before(channel, key, limit))

    async def survey(self, after: int) -> list[Kept]:
        """Return channels behind an id."""
        return await self._reader.run(lambda file: file.survey(after))

    async def offset_at(self, channel: int, time_ms: int) -> int | None:
        """Return the offset of the oldest publication from a time on."""
        return await self._reader.run(lambda file: file.offset_at(channel, time_ms))

    async def trim(self, channel: int, stop: int, *, items: bool) -> bool:
        """Remove a piece of a channel's oldest publications."""
        return await self._writer.run(lambda file: file.trim(channel, stop, items=items))

    async def tidy(self, before_ms: int) -> None:
        """Forget producers."""
        await self._writer.run(lambda file: file.tidy(before_ms))

    async def forget(self, channel: int) -> None:
        """Remove an empty channel."""
        await self._writer.run(lambda file: file.forget(channel))

    def _take(self) -> None:
        """Keep other hubs away. Make the file if need be; SQLite gives those beside it the same mode."""
        if self._is_ours:
            return
        try:
            lock = file_lock(self.path.with_name(f"{self.path.name}.lock"), wait=False)
            if not self._held.enter_context(lock):
                raise ConfigError(f"hub.archive {self.path} is in use by another hub: each has its own")
            self._is_ours = True
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                mode = os.fstat(handle).st_mode
            finally:
                os.close(handle)
        except OSError as error:
            raise ConfigError(f"hub.archive {self.path} can't be used: {error.strerror}") from None
        if hasattr(os, "getuid") and mode & 0o077:
            raise ConfigError(f"others can use hub.archive {self.path}: chmod 600 it")


class _Worker(Generic[F]):
    """A thread with its own connection to the file."""

    def __init__(self, name: str, connect: Callable[[], F]) -> None:
        self._connect = connect
        self._name = f"rtwidgets-{name}"
        self._thread: ThreadPoolExecutor | None = None
        self._file: F | None = None

    async def run(self, act: Callable[[F], T]) -> T:
        """Do something with the file, after what was asked for before."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=self._name)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, act)

    async def close(self) -> None:
        """Let go of the file and end the thread, after what was asked for before."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._close)
            thread.shutdown()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _do(self, act: Callable[[F], T]) -> T:
        try:
            if self._file is None:
                self._file = self._connect()
            return act(self._file)
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            words = next((words for start, words in _WORDS.items() if name.startswith(start)), None)
            raise ArchiveFault(words or "the archive can't be used now") from error


def _piece(channel: str, rank: int, key: bytes | None) -> Callable[[SqliteReader], Changes]:
    return lambda file: file.items(channel, rank, key)
