"""The file that keeps what was revoked: over restarts, and between the processes that share it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..core.revocation import Revocation
from ..errors import ConfigError

log = logging.getLogger("rtwidgets.hub")


class RevocationFile:
    """One JSON object a line; lines are only ever added.

    Raises:
        ConfigError: If it can't be made or read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0
        self._identity = (0, 0)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ConfigError(f"auth.revocation_file {path} can't be used: {error.strerror}") from None
        os.close(handle)

    def append(self, entry: Revocation) -> None:
        """Add an entry; it is on the disk when this returns."""
        with self._path.open("ab") as file:
            # One write, so that lines of several processes do not mix.
            file.write(msgspec.json.encode(entry) + b"\n")
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
            log.error("auth.revocation_file %s can't be read: %s", self._path, error.strerror)
            return
        # The last line may not be whole yet.
        whole = added[: added.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            try:
                yield msgspec.json.decode(line, type=Revocation)
            except msgspec.DecodeError as error:
                log.error("auth.revocation_file %s has a line that is none: %s", self._path, error)
