from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..client.hub_process import HubProcess
from .inner_hub import InnerHub

CONFIG = """
api_key = "the api key"
allowed_origins = ["https://lab.example.org"]
user_channel = true
[limits]
connections_per_ip = 40
connects_per_ip_per_s = 1000
[namespaces.default]
kind = "event"
history_size = 100
history_ttl_s = 300
presence = true
join_leave = true
recover = true
allow = ["subscribe", "publish", "history", "presence"]
[namespaces.smallhistory]
kind = "event"
history_size = 2
history_ttl_s = 300
recover = true
allow = ["subscribe", "publish", "history"]
"""


@pytest.fixture(scope="module", params=["frames", "plain"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub on our own server, which writes shared frames, and one on another that knows ASGI only."""
    process = HubProcess(tmp_path_factory.mktemp("hub"), CONFIG, plain=request.param == "plain")
    process.start()
    yield process
    process.kill()


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub on our own server, for what only that one promises."""
    process = HubProcess(tmp_path_factory.mktemp("hub"), CONFIG)
    process.start()
    yield process
    process.kill()


@pytest.fixture
def inner_hub() -> Iterator[InnerHub]:
    """A hub in this process, for tests that count what it does."""
    hub = InnerHub()
    yield hub
    hub.close()
