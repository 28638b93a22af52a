"""The local hub's archive: a file beside its connection file, that must not keep the hub from starting."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from ..archive.sqlite import SqliteArchive
from ..core.batch import ArchiveFault
from ..errors import ConfigError

log = logging.getLogger("rtwidgets.hub")

# What SQLite has beside a database.
SUFFIXES = ("", "-wal", "-shm")


def local_archive(path: Path) -> str:
    """Return what the hub's settings say of the archive: this file if it can be used, else none.

    A damaged file is moved aside; the one that was moved aside before it is overwritten.
    """
    try:
        if not asyncio.run(_is_sound(path)):
            aside = path.with_name(f"{path.name}.damaged")
            for suffix in SUFFIXES:
                damaged = Path(f"{path}{suffix}")
                if damaged.exists():
                    damaged.replace(f"{aside}{suffix}")
            log.error("the archive %s is damaged: it was moved to %s, chats start empty", path, aside)
        asyncio.run(_try(path))
    except (ConfigError, ArchiveFault, OSError) as error:
        log.error("the hub runs without its archive, chats end with it: %s", error)
        return "none"
    return f"sqlite:///{path}"


async def _is_sound(path: Path) -> bool:
    archive = SqliteArchive(str(path))
    try:
        return await archive.is_sound()
    finally:
        await archive.close()


async def _try(path: Path) -> None:
    archive = SqliteArchive(str(path))
    try:
        await archive.open()
    finally:
        await archive.close()
