from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite

from .hub_process import HubProcess, token

CONFIG = """anonymous = true
[namespaces.tiny]
kind = "stream"
history_size = 3
history_ttl_s = 60
recover = true
[namespaces.open]
kind = "event"
history_size = 10
history_ttl_s = 60
recover = true
allow = ["subscribe", "publish", "history"]
"""


@pytest.fixture(autouse=True)
def no_hub_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("RTWIDGETS_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that all tests share and none ends; channel names keep tests apart."""
    hub = HubProcess(tmp_path_factory.mktemp("hub"), CONFIG)
    hub.start()
    yield hub
    hub.kill()


@pytest.fixture
def mortal_hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub of this test alone, to kill and to start again."""
    hub = HubProcess(tmp_path)
    hub.start()
    yield hub
    hub.kill()


Join = Callable[..., Hub]


@pytest.fixture
def join(running_hub: HubProcess) -> Iterator[Join]:
    """Make hub objects, each with a connection of its own, and close them in the end."""
    made: list[Hub] = []

    def make(
        url: str | None = None, own_token: str | None = None, buffer_bytes: int = DEFAULT_BUFFER_BYTES
    ) -> Hub:
        site = FixedSite(parse_address(url or running_hub.url), token() if own_token is None else own_token)
        hub = Hub(site, name="test", buffer_bytes=buffer_bytes)
        made.append(hub)
        return hub

    yield make
    for hub in made:
        hub.close(timeout_s=1)


def eventually(what: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, f"still not true after {timeout_s} s"
        time.sleep(0.01)
