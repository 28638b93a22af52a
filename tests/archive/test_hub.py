"""A real hub with a real archive: it ends, and what it had is there again."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.sites import FixedSite

from ..client.conftest import eventually
from ..client.hub_process import HubProcess, token

NAMESPACES = """
[namespaces.stream]
kind = "stream"
history_size = 50
history_ttl_s = 3600
recover = true
archive = true
[namespaces.table]
kind = "table"
history_size = 100
recover = true
archive = true
[namespaces.value]
kind = "value"
history_size = 100
recover = true
archive = true
[namespaces.log]
kind = "event"
history_size = 5
recover = true
archive = true
[namespaces.live]
kind = "event"
history_size = 100
recover = true
"""


def config(address: str, extra: str = "") -> str:
    return f'api_key = "the api key"\n[hub]\narchive = "{address}"\n{extra}{NAMESPACES}'


@pytest.fixture
def hub(address: str, tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path, config(address))
    process.start()
    yield process
    process.kill()


Join = Callable[..., Hub]


@pytest.fixture
def join() -> Iterator[Join]:
    made: list[Hub] = []

    def make(process: HubProcess, user: str = "ann") -> Hub:
        hub = Hub(FixedSite(parse_address(process.url), token(user)), name="test", buffer_bytes=1 << 20)
        made.append(hub)
        return hub

    yield make
    for hub in made:
        hub.close(timeout_s=1)


def texts(hub: Hub, chat: str = "desk") -> list[str]:
    return [message.text for message in hub.chat(chat).history()]


def test_all_kinds_are_there_after_a_kill_and_go_on(hub: HubProcess, join: Join) -> None:
    ann = join(hub)
    prices, orders = ann.stream("prices"), ann.table("orders", key="id")
    limit, desk, log = ann.value("limit", default=7), ann.chat("desk"), ann.event("log:a")
    for number in range(80):
        prices.append(n=number)
        assert ann.flush()
    orders.upsert(id=[1, 2, 3], side=["buy", "sell", "buy"])
    orders.remove(2)
    orders.upsert(id=3, side="sell")
    desk.say("hello")
    log.send({"n": 1})
    assert ann.flush()
    before = (orders.rows(), limit.get(), texts(ann))
    positions = {name: ann._link.driver.session.position(name) for name in ("table:orders", "chat:desk")}
    heard: list[str] = []
    desk.on_message(lambda message: heard.append(message.text))
    hub.kill()
    desk.say("while it was away")
    hub.start()
    assert ann.flush(20)
    assert (orders.rows(), limit.get(), texts(ann)) == (*before[:2], [*before[2], "while it was away"])
    for name, (epoch, offset) in ((n, p) for n, p in positions.items() if p is not None):
        now = ann._link.driver.session.position(name)
        assert now is not None and now[0] == epoch and now[1] >= offset
    eventually(lambda: heard == ["while it was away"])
    bob = join(hub, "bob")
    assert (bob.table("orders", key="id").rows(), bob.value("limit").get(), texts(bob)) == (
        *before[:2],
        [*before[2], "while it was away"],
    )
    # 50 are in memory, all are in the archive.
    assert bob.stream("prices").to_frame()["n"].tolist() == list(range(30, 80))
    assert bob.stream("prices").to_frame(last="1h")["n"].tolist() == list(range(80))
    assert [event.data for event in bob.event("log:a").history()] == [{"n": 1}]


def test_history_by_time_through_the_archive(hub: HubProcess, join: Join) -> None:
    ann = join(hub)
    log = ann.event("log:a")
    for number in range(20):
        log.send(number)
        assert ann.flush()
    assert [event.data for event in log.history(100)] == list(range(20))

    def page(**wanted: Any) -> dict[str, Any]:
        data = {"channel": "log:a", **wanted}
        found: dict[str, Any] = json.loads(ann._link.rpc("rtwidgets.history", data))
        return found

    every = page()["publications"]
    assert [publication["data"] for publication in every] == list(range(20))
    times = [publication["time"] for publication in every]
    middle = page(from_ms=times[5], to_ms=times[15])["publications"]
    assert middle == [p for p in every if times[5] <= p["time"] < times[15]]
    paged, after = [], 0
    while found := page(limit=7, after=after)["publications"]:
        paged += found
        after = found[-1]["offset"]
    assert paged == every


def metric(hub: HubProcess, name: str) -> float:
    request = urllib.request.Request(f"{hub.url}/metrics", headers={"X-API-Key": "the api key"})
    with urllib.request.urlopen(request, timeout=5) as response:
        lines = response.read().decode().splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(f"{name} ")))


def test_figures_of_the_archive(hub: HubProcess, join: Join) -> None:
    ann = join(hub)
    for number in range(10):
        ann.event("log:a").send(number)
        assert ann.flush()
    assert metric(hub, "rtwidgets_archive_publications_total") == 10
    assert 1 <= metric(hub, "rtwidgets_archive_commit_seconds_count") <= 10
    assert metric(hub, "rtwidgets_archive_commit_seconds_sum") > 0
    assert metric(hub, "rtwidgets_archive_loads_total") == 1
    for name in ("failures_total", "load_failures_total", "waiting_bytes"):
        assert metric(hub, f"rtwidgets_archive_{name}") == 0


def test_http_api_answers_after_the_commit(hub: HubProcess, join: Join) -> None:
    def post(channel: str, data: object) -> dict[str, Any]:
        body = json.dumps({"channel": channel, "data": data}).encode()
        request = urllib.request.Request(
            f"{hub.url}/api/publish", data=body, headers={"X-API-Key": "the api key"}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            found: dict[str, Any] = json.load(response)["result"]
        return found

    first, second = post("log:a", 1), post("log:a", 2)
    assert (first["offset"], second["offset"]) == (1, 2)
    hub.kill()
    hub.start()
    assert post("log:a", 3) == {"offset": 3, "epoch": first["epoch"]}
    with pytest.raises(urllib.error.HTTPError) as refused:
        post("stream:s", 5)
    assert refused.value.code == 400
    refused.value.close()


def test_chat_pages_back_beyond_memory(hub: HubProcess, join: Join) -> None:
    desk = join(hub).chat("desk")
    for number in range(1_250):
        desk.say(f"message {number}")
    assert desk.hub.flush(20)
    hub.kill()
    hub.start()
    bob = join(hub, "bob")
    assert [message.text for message in bob.chat("desk").history(1_240)] == [
        f"message {number}" for number in range(10, 1_250)
    ]
