"""What only a server can be: away, hung, of another version, without the right user."""

from __future__ import annotations

import asyncio
import os
import signal

import asyncpg
import pytest

from rtwidgets.archive import postgres as module
from rtwidgets.archive.postgres import PostgresArchive
from rtwidgets.core.batch import ArchiveFault
from rtwidgets.errors import ConfigError
from rtwidgets.server.attempts import reason_of

from .conftest import new_schema
from .postgres_server import PostgresServer
from .test_archive import ALL, batch, commit


async def test_newer_tables_are_refused(postgres: PostgresServer) -> None:
    address = new_schema(postgres, "newer")
    archive = PostgresArchive(address)
    await archive.open()
    await archive.close()
    postgres.sql("UPDATE newer.rtwidgets_meta SET value = '2'")
    with pytest.raises(
        ConfigError, match="version 2, this program knows 1: use the rtwidgets that wrote them"
    ):
        await archive.open()
    await archive.close()


@pytest.mark.parametrize("address", ["{url}_none", "postgresql://nobody@127.0.0.1:{port}/postgres"])
async def test_wrong_database_or_user_is_refused(postgres: PostgresServer, address: str) -> None:
    archive = PostgresArchive(address.format(url=postgres.url, port=postgres.port))
    with pytest.raises(ConfigError, match=r"hub\.archive can't be used: .* does not exist"):
        await archive.open()
    await archive.close()


async def test_too_few_connections_are_named_to_the_log(postgres: PostgresServer) -> None:
    postgres.sql("DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CONNECTION LIMIT 0")
    archive = PostgresArchive(f"postgresql://few@127.0.0.1:{postgres.port}/postgres")
    with pytest.raises(ArchiveFault, match="the archive can't be used now") as fault:
        await archive.open()
    assert "TooManyConnectionsError: too many connections for role" in reason_of(fault.value)
    await archive.close()


async def test_password_is_in_no_error() -> None:
    archive = PostgresArchive("postgresql://ann:hush@127.0.0.1:9/db")
    with pytest.raises(ArchiveFault) as fault:
        await archive.open()
    assert "hush" not in f"{fault.value!r} {fault.value.__cause__!r} {archive!r}"
    await archive.close()


async def test_server_that_comes_back_soon_is_waited_for_and_another_is_not(
    own_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = PostgresArchive(own_postgres.url)
    await archive.open()
    assert await commit(archive, batch("event:a", 0, b"1")) == [None]
    own_postgres.stop()
    waiting = asyncio.create_task(commit(archive, batch("event:a", 1, b"2")))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(own_postgres.start)
    # What was under way when the connection broke is not tried again by itself.
    try:
        assert await waiting == [None]
        top = 2
    except ArchiveFault as fault:
        assert fault.message == "the archive's database is away" and not fault.in_doubt
        top = 1
    assert await commit(archive, batch("event:a", top, b"3")) == [None]
    own_postgres.stop()
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    for _ in range(2):
        with pytest.raises(ArchiveFault, match="the archive's database is away"):
            await commit(archive, batch("event:a", top + 1, b"4"))
    own_postgres.start()
    stored = await archive.load("event:a", ALL)
    assert stored is not None and stored.top == top + 1
    await archive.close()


async def test_fault_inside_the_library_is_an_outage_and_the_next_commit_works(
    postgres: PostgresServer,
) -> None:
    archive = PostgresArchive(new_schema(postgres, "inside"))
    await archive.open()

    async def ended(connection: object) -> None:
        # What asyncpg has raised, now and then, for a connection that PostgreSQL ended while it was idle.
        raise asyncpg.InternalClientError("got result for unknown protocol state 0")

    with pytest.raises(ArchiveFault, match="the archive's database is away"):
        await archive._write(ended)
    assert await commit(archive, batch("event:a", 0, b"1")) == [None]
    await archive.close()


async def test_hung_server_leaves_the_commit_in_doubt_until_it_is_known(
    own_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WORK_TIMEOUT_S", 1.0)
    archive = PostgresArchive(own_postgres.url)
    await archive.open()
    assert await commit(archive, batch("event:a", 0, b"1")) == [None]
    # The connection's own process stops, in the middle of a commit or before it.
    worker = int(own_postgres.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'rtwidgets'"))
    os.kill(worker, signal.SIGSTOP)
    doubtful = batch("event:a", 1, b"2")
    with pytest.raises(ArchiveFault, match="the archive's database is away") as fault:
        await commit(archive, doubtful)
    # As long as that process is there nobody else may write: it could still commit.
    with pytest.raises(ArchiveFault):
        await archive.was_committed(doubtful)
    os.kill(worker, signal.SIGCONT)
    for _ in range(20):
        try:
            was_committed = await archive.was_committed(doubtful)
            break
        except ArchiveFault:
            await asyncio.sleep(0.1)
    stored = await archive.load("event:a", ALL)
    assert stored is not None and stored.top == (2 if was_committed else 1)
    assert not was_committed or fault.value.in_doubt
    assert await commit(archive, batch("event:a", stored.top, b"3")) == [None]
    await archive.close()


class Cutter:
    """Stands between the archive and the server, and cuts the connection at a COMMIT."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cut: str | None = None

    async def __aenter__(self) -> Cutter:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *fault: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._pass_on(far_reader, writer))
        try:
            while data := await reader.read(65_536):
                if self.cut is not None and b"COMMIT;" in data:
                    if self.cut == "behind":
                        back.cancel()
                        await asyncio.gather(back, return_exceptions=True)
                        far_writer.write(data)
                        await far_reader.read(1)  # it has answered, so it is done
                    self.cut = None
                    return
                far_writer.write(data)
        finally:
            back.cancel()
            for end in (writer, far_writer):
                end.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)


@pytest.mark.parametrize("place", ["before", "behind"])
async def test_commit_whose_answer_is_lost_is_in_doubt(postgres: PostgresServer, place: str) -> None:
    address = new_schema(postgres, f"doubt_{place}")
    async with Cutter(postgres.port) as cutter:
        archive = PostgresArchive(address.replace(f":{postgres.port}/", f":{cutter.port}/"))
        await archive.open()
        assert await commit(archive, batch("event:a", 0, b"1")) == [None]
        doubtful = batch("event:a", 1, b"2")
        cutter.cut = place
        with pytest.raises(ArchiveFault) as fault:
            await commit(archive, doubtful)
        assert fault.value.in_doubt
        assert await archive.was_committed(doubtful) == (place == "behind")
        await archive.close()
