"""What only a file can be: private, locked, damaged, of another version, full."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from pathlib import Path

import pytest

from rtwidgets.archive.sqlite import SqliteArchive
from rtwidgets.archive.sqlite_writer import SqliteWriter
from rtwidgets.core.batch import ArchiveFault, Changes, Item
from rtwidgets.errors import ConfigError

from .test_archive import ALL, GONE, SAID, batch, commit


async def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    archive = SqliteArchive(str(tmp_path / "hub.db"))
    await archive.open()
    await commit(archive, batch("event:a", 0, b"1"))
    assert await archive.load("event:a", ALL) is not None
    files = [tmp_path / name for name in os.listdir(tmp_path)]
    assert {file.name for file in files} == {"hub.db", "hub.db-wal", "hub.db-shm", "hub.db.lock"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    await archive.close()


async def test_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"")
    path.chmod(0o644)
    archive = SqliteArchive(str(path))
    with pytest.raises(ConfigError, match=re.escape(f"others can use hub.archive {path}: chmod 600 it")):
        await archive.open()
    await archive.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("CREATE TABLE notes (text)", "it is the database of another program"),
        ("CREATE TABLE meta (other)", "no such column"),
        (
            "CREATE TABLE meta (key, value); INSERT INTO meta VALUES ('schema', '2')",
            "its tables have version 2, this program knows 1: use the rtwidgets that wrote it",
        ),
        ("CREATE TABLE meta (key, value)", "its tables have version none"),
        (None, "file is not a database"),
    ],
)
async def test_file_that_is_no_archive_of_ours_is_refused(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "hub.db"
    if content is None:
        path.write_bytes(b"no database at all, and long enough to see that" * 50)
    else:
        with sqlite3.connect(path) as sql:
            sql.executescript(content)
        sql.close()
    path.chmod(0o600)
    before = path.read_bytes()
    archive = SqliteArchive(str(path))
    with pytest.raises(ConfigError, match=words):
        await archive.open()
    await archive.close()
    if content is None:
        assert path.read_bytes() == before


@pytest.mark.parametrize("path", ["/nowhere/hub.db", "/proc/hub.db"])
async def test_place_that_can_not_be_written_is_named(path: str) -> None:
    archive = SqliteArchive(path)
    with pytest.raises(ConfigError, match=f"hub.archive {path} can't be used"):
        await archive.open()
    await archive.close()


async def test_full_file_takes_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    archive = SqliteArchive(str(tmp_path / "hub.db"))
    await archive.open()
    await archive._writer.run(lambda file: limit_pages(file, 40))
    before, top = None, 0
    for _ in range(1_000):
        try:
            assert await commit(archive, batch("event:a", top, b"x" * 5_000)) == [None]
        except ArchiveFault as fault:
            before = fault
            break
        top += 1
    assert before is not None and before.message == "the archive is full" and not before.in_doubt
    stored = await archive.load("event:a", ALL)
    assert stored is not None and stored.top == top
    await archive._writer.run(lambda file: limit_pages(file, 400))
    assert await commit(archive, batch("event:a", top, b"y" * 5_000)) == [None]
    await archive.close()


def limit_pages(file: SqliteWriter, pages: int) -> None:
    file._run(f"PRAGMA max_page_count = {pages}")


async def test_room_of_what_was_removed_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    archive = SqliteArchive(str(path))
    await archive.open()
    for number in range(40):
        await commit(archive, batch("event:a", 50 * number, *([b"x" * 1_000] * 50)))
    (kept,) = await archive.survey(0)
    await archive._writer.run(lambda file: file._run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    large = path.stat().st_size
    while await archive.trim(kept.id, 2_001, items=False):
        pass
    await archive._writer.run(lambda file: file._run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    assert path.stat().st_size < large // 2
    await archive.close()


async def test_damage_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    archive = SqliteArchive(str(path))
    await archive.open()
    for number in range(20):
        await commit(archive, batch("event:a", 50 * number, *([b"x" * 1_000] * 50)))
    await archive.close()
    assert await SqliteArchive(str(path)).is_sound()
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 2, len(content), 4_096):
        content[place : place + 200] = b"\xff" * 200
    path.write_bytes(content)
    archive = SqliteArchive(str(path))
    assert not await archive.is_sound()
    await archive.open()
    with pytest.raises(ArchiveFault, match="the archive is damaged"):
        await archive.load("event:a", ALL)
    await archive.close()


def contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_nothing_that_was_erased_is_left_in_the_files(tmp_path: Path) -> None:
    archive = SqliteArchive(str(tmp_path / "hub.db"))
    await archive.open()
    items: Changes = {b"b": Item(2, b"a secret" * 500)}
    await commit(archive, batch("chat:a", 0, *SAID, kind="chat", changes=items))
    assert await archive.load("chat:a", ALL) is not None
    assert b"secret" in contents(tmp_path)
    await commit(archive, batch("chat:a", 3, GONE, kind="chat", changes={b"b": None}, erased={"b": 2}))
    assert b"secret" not in contents(tmp_path)
    assert b"stays" in contents(tmp_path)
    await archive.close()
