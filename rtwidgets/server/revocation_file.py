"""The file that keeps what was revoked: over restarts, and between the processes that share it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..core.revocation import Revocation, Revocations
from ..errors import ConfigError
from ..file_lock import file_lock

log = logging.getLogger("rtwidgets.hub")


class RevocationFile:
    """One JSON object a line; lines are only ever added, but for `tidy`.

    Who can write to the file can make revoked tokens good again, so it must be its owner's alone.

    Raises:
        ConfigError: If it can't be made or read, or others can.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_name(f"{path.name}.lock")
        self._read_to = 0
        self._identity = (0, 0)
        self._is_lost = False
        try:
            handle = self._open()
            try:
                status = os.fstat(handle)
            finally:
                os.close(handle)
            with file_lock(self._lock, wait=True):
                pass
        except OSError as error:
            words = "unless auth.revocation_file is set, revocations are kept beside hub.archive"
            raise ConfigError(f"{path} can't be used: {error.strerror}; {words}") from None
        if hasattr(os, "getuid") and status.st_uid != os.getuid():
            raise ConfigError(
                f"auth.revocation_file {path} belongs to another user: all that use it must be the same one"
            )
        if hasattr(os, "getuid") and status.st_mode & 0o077:
            raise ConfigError(f"others can use auth.revocation_file {path}: chmod 600 it")

    def append(self, entry: Revocation) -> None:
        """Add an entry; it is on the disk when this returns.

        Raises:
            OSError: If it can't be written.
        """
        line = msgspec.json.encode(entry) + b"\n"
        with file_lock(self._lock, wait=True), os.fdopen(self._open(), "r+b") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                # A line that a crash has cut short must not take this one with it.
                file.seek(end - 1)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def news(self) -> Iterator[Revocation]:
        """Return what was added since the last call, by whomever; everything at the first call."""
        try:
            status = self._path.stat()
            identity = (status.st_dev, status.st_ino)
            if identity != self._identity or status.st_size < self._read_to:
                self._identity, self._read_to = identity, 0
            if status.st_size == self._read_to:
                return
            with self._path.open("rb") as file:
                file.seek(self._read_to)
                added = file.read()
        except OSError as error:
            if not self._is_lost:
                log.error("auth.revocation_file %s can't be read: %s", self._path, error.strerror)
            self._is_lost = True
            return
        self._is_lost = False
        # The last line may not be whole yet.
        whole = added[: added.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            entry = _entry_of(line)
            if entry is not None:
                yield entry
            else:
                log.error("auth.revocation_file %s has a line that is no entry", self._path)

    def tidy(self, now: float) -> None:
        """Write the file anew when it has entries that are of no use any more.

        Raises:
            ConfigError: If it can't be written.
        """
        try:
            with file_lock(self._lock, wait=True):
                lines = self._path.read_bytes().splitlines()
                known, others = Revocations(), []
                for line in lines:
                    entry = _entry_of(line)
                    if entry is None:
                        others.append(line)  # somebody should look at it: a newer hub's, perhaps
                    else:
                        known.add(entry)
                kept = [*others, *map(msgspec.json.encode, known.entries(now))]
                if len(kept) < len(lines):
                    self._replace(b"".join(line + b"\n" for line in kept))
        except OSError as error:
            raise ConfigError(f"auth.revocation_file {self._path} can't be used: {error.strerror}") from None

    def _replace(self, content: bytes) -> None:
        temporary = self._path.with_name(f"{self._path.name}.new")
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._path)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)


def _entry_of(line: bytes) -> Revocation | None:
    try:
        return msgspec.json.decode(line, type=Revocation)
    except msgspec.DecodeError:
        return None
