from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..client.hub_process import HubProcess
from .front import BEHIND, Certificates, Front


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def start_hub(tmp_path: Path) -> Iterator[Callable[..., HubProcess]]:
    """Start hubs that stand behind the front."""
    started: list[HubProcess] = []

    def start(more: str = "") -> HubProcess:
        directory = tmp_path / f"hub{len(started)}"
        directory.mkdir()
        started.append(HubProcess(directory, BEHIND + more))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def start_front(
    tmp_path: Path, certificates: Certificates, need_program: Callable[..., str]
) -> Iterator[Callable[..., Front]]:
    started: list[Front] = []

    def start(*hubs: int, **more: str) -> Front:
        started.append(Front(need_program("nginx"), tmp_path, certificates, list(hubs), more))
        return started[-1]

    yield start
    for front in started:
        front.close()
