from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ..archive.conftest import need_postgres, own_postgres, postgres
from ..client.hub_process import HubProcess
from .redis_server import RedisServer, program

__all__ = ["need_postgres", "own_postgres", "postgres"]


@pytest.fixture(scope="session")
def need_redis() -> None:
    """Redis' server has to be there."""
    if program() is None:
        pytest.skip("Redis is not installed; `make test` as root installs it, or your package manager")


@pytest.fixture(scope="session")
def redis(need_redis: None) -> Iterator[RedisServer]:
    """A server that all tests share."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def own_redis(need_redis: None) -> Iterator[RedisServer]:
    """A server of this test alone, to stop and to start again; it keeps what it has."""
    with RedisServer(keeps=True) as server:
        yield server


class Pair(NamedTuple):
    """Two ways in to the same channels."""

    one: HubProcess
    other: HubProcess


CONFIG = """
[hub]
broker = "{broker}"
[namespaces.short]
kind = "event"
history_size = 3
history_ttl_s = 300
recover = true
presence = true
join_leave = true
"""


@pytest.fixture(scope="session", params=["memory", "redis"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """One hub twice, or two that share Redis; all tests share them."""
    broker = "memory"
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        broker = server.url
    hubs = [
        HubProcess(tmp_path_factory.mktemp("hub"), CONFIG.format(broker=broker))
        for _ in range(1 if broker == "memory" else 2)
    ]
    for hub in hubs:
        hub.start()
    yield Pair(hubs[0], hubs[-1])
    for hub in hubs:
        hub.kill()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return "".join(char if char.isalnum() else "-" for char in request.node.name)


@pytest.fixture
def start_hubs(tmp_path: Path) -> Iterator[list[HubProcess]]:
    """Hubs that are killed at the end."""
    hubs: list[HubProcess] = []
    yield hubs
    for hub in hubs:
        hub.kill()


def hub_on(address: str, directory: Path) -> HubProcess:
    """Return a hub with a broker; it is not started yet."""
    directory.mkdir()
    return HubProcess(directory, CONFIG.format(broker=address))
