"""A cluster and a server that sentinels name, each as the broker of two hubs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..client.hub_process import HubProcess
from ..server.sockets import open_line
from ..server.worker_processes import wait_for
from .conftest import hub_on
from .redis_server import RedisServer
from .test_archived import page
from .test_channels import pubs


@pytest.fixture
def cluster(need_redis: None) -> Iterator[RedisServer]:
    """A cluster of one server."""
    with RedisServer(keeps=True, options={"cluster-enabled": "yes"}) as server:
        server.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        while "cluster_state:ok" not in server.ask("CLUSTER", "INFO"):
            pass
        yield server


@pytest.fixture(params=["cluster", "sentinel"])
def address(request: pytest.FixtureRequest, need_redis: None) -> Iterator[str]:
    if request.param == "cluster":
        server: RedisServer = request.getfixturevalue("cluster")
        yield f"redis+cluster://127.0.0.1:{server.port}"
    else:
        with RedisServer() as server, RedisServer(sentinel_of=server.port) as sentinel:
            yield f"redis+sentinel://127.0.0.1:{sentinel.port}/mymaster/0"


@pytest.mark.timeout(120)
def test_hubs_share_channels_and_know_of_each_other(
    address: str, tmp_path: Path, start_hubs: list[HubProcess]
) -> None:
    start_hubs += [hub_on(address, tmp_path / name) for name in ("one", "other")]
    for hub in start_hubs:
        hub.start()
    with open_line(start_hubs[0]) as ann, open_line(start_hubs[1], "bob") as bob:
        bob.ask(subscribe={"channel": "short:a"})
        for number in range(5):
            assert "error" not in ann.ask(publish={"channel": "short:a", "data": number})
        assert [pub["data"] for pub in pubs(bob, "short:a", 5)] == [0, 1, 2, 3, 4]
        ann.ask(rpc={"method": "rtwidgets.declare", "data": {"channel": "table:t", "key": "id"}})
        ann.ask(publish={"channel": "table:t", "data": {"upsert": {"id": [1]}}})
        assert bob.ask(subscribe={"channel": "table:t"})["subscribe"]["data"]["rows"] == {"id": [1]}
        ann.ask(subscribe={"channel": "short:a"})
        while not [push for push in bob.pushes if "join" in push and push["join"]["info"]["user"] == "ann"]:
            bob.receive()


@pytest.mark.timeout(60)
@pytest.mark.alone
def test_cluster_that_was_away_is_used_again(
    cluster: RedisServer, tmp_path: Path, start_hubs: list[HubProcess]
) -> None:
    hub = hub_on(f"redis+cluster://127.0.0.1:{cluster.port}", tmp_path / "one")
    start_hubs.append(hub)
    hub.start()
    with open_line(hub) as ann:
        ann.ask(subscribe={"channel": "short:a"})
        assert "error" not in ann.ask(publish={"channel": "short:a", "data": 0})
        cluster.kill()
        for _ in range(2):
            started = time.monotonic()
            assert ann.ask(publish={"channel": "short:a", "data": "away"})["error"]["code"] == 100
            assert time.monotonic() - started < 4
            time.sleep(0.6)  # longer than it fails at once
        cluster.start()
        wait_for("a commit", lambda: "error" not in ann.ask(publish={"channel": "short:a", "data": 1}))
        assert pubs(ann, "short:a", 2)[-1]["data"] == 1
    wait_for("that it is ready", lambda: page(hub, "/ready")[0] == 200)
    assert "Traceback" not in (tmp_path / "one/hub.log").read_text()
