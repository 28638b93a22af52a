from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtwidgets.archive import Archive, open_archive

from .crowd import Crowd, HasUrl
from .postgres_server import PostgresServer, programs


@pytest.fixture(scope="session")
def need_postgres() -> Path:
    """Where PostgreSQL's programs are."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed; `make test` as root installs it, or your package manager")
    return found


@pytest.fixture(scope="session")
def postgres(need_postgres: Path) -> Iterator[PostgresServer]:
    """A server that all tests share; each makes its tables in a schema of its own."""
    with PostgresServer(need_postgres) as server:
        yield server


@pytest.fixture
def own_postgres(need_postgres: Path) -> Iterator[PostgresServer]:
    """A server of this test alone, to stop and to start again."""
    with PostgresServer(need_postgres) as server:
        yield server


@pytest.fixture
def crowd_of() -> Iterator[Callable[..., Crowd]]:
    """Make people who talk at a hub, and keep account."""
    made: list[Crowd] = []

    def make(process: HasUrl, **options: Any) -> Crowd:
        made.append(Crowd(process, **options))
        return made[-1]

    yield make
    for crowd in made:
        crowd.close()


Address = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty archive."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return new_schema(server, f"test_{tmp_path.name.lower()}")


def new_schema(server: PostgresServer, name: str) -> str:
    """Make an empty schema and return the address that leads to it."""
    schema = "".join(char if char.isalnum() else "_" for char in name)[:60]
    server.sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
    return f"{server.url}?options=-csearch_path%3D{schema}"


Open = Callable[[], Awaitable[Archive]]


@pytest.fixture
async def opened(address: str) -> AsyncIterator[Open]:
    """Open the archive, as a hub does when it starts; the one from before is closed."""
    archives: list[Archive] = []

    async def reopen() -> Archive:
        for archive in archives:
            await archive.close()
        archives[:] = [open_archive(address)]
        await archives[0].open()
        return archives[0]

    yield reopen
    for archive in archives:
        await archive.close()
