from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.sites import FixedSite
from rtwidgets.sources import Connector

from ..client.hub_process import HubProcess, token
from .feed_process import FeedProcess
from .watcher import Watcher

# Small frames, so that what is read at once is several publications.
CONFIG = """[limits]
max_message_bytes = 16384
"""


@pytest.fixture(scope="module")
def hub_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that the tests of a file share."""
    process = HubProcess(tmp_path_factory.mktemp("hub"), CONFIG)
    process.start()
    yield process
    process.kill()


Join = Callable[..., Hub]


@pytest.fixture
def join(hub_process: HubProcess) -> Iterator[Join]:
    """Make hub objects with a connection of their own each."""
    made: list[Hub] = []

    def make(process: HubProcess = hub_process, **claims: Any) -> Hub:
        hub = Hub(FixedSite(parse_address(process.url), token(**claims)), name="test", buffer_bytes=8 << 20)
        made.append(hub)
        return hub

    yield make
    for hub in made:
        hub.close(timeout_s=1)


Watch = Callable[..., Watcher]


@pytest.fixture
def watch(hub_process: HubProcess) -> Iterator[Watch]:
    """Follow a channel, over restarts of the hub."""
    made: list[Watcher] = []

    def make(channel: str, process: HubProcess = hub_process) -> Watcher:
        watcher = Watcher(process, channel)
        made.append(watcher)
        return watcher

    yield make
    for watcher in made:
        watcher.close()


StartFeed = Callable[..., FeedProcess]


@pytest.fixture
def start_feed(tmp_path: Path, hub_process: HubProcess) -> Iterator[StartFeed]:
    """Start `rtwidgets-hub feed` with one source."""
    made: list[FeedProcess] = []

    def make(process: HubProcess = hub_process, **settings: Any) -> FeedProcess:
        made.append(FeedProcess(tmp_path / f"feed{len(made)}", process, settings))
        made[-1].start()
        return made[-1]

    yield make
    for feed in made:
        feed.kill()


def wait_for(what: Callable[[], object], timeout_s: float = 30.0, said: Callable[[], object] = str) -> None:
    """Wait until something is true, and say what there is when it is not."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, f"still not true after {timeout_s} s: {said()}"
        time.sleep(0.02)


@pytest.fixture
def own_hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub of this test alone, to kill and to start again."""
    process = HubProcess(tmp_path, CONFIG)
    process.start()
    yield process
    process.kill()


def rows(first: int, last: int) -> list[dict[str, int]]:
    return [{"n": n} for n in range(first, last)]


def in_order(seen: list[int], count: int) -> int:
    """Check that all numbers up to a count came, in order; return how many of them came again."""
    first_times = list(dict.fromkeys(seen))
    assert first_times == list(range(count))
    return len(seen) - count


def send_out_and_back(hub: Hub, out: Connector, back: Connector, name: str, group: str) -> None:
    """Write a stream to another system, read that into another stream, and see that it is the same."""
    sent, returned = hub.stream(f"{name}-out"), hub.stream(f"{name}-back")
    feed = hub.run(sent, into=out)
    wait_for(
        lambda: hub.value(f"value:forwards/{group}/{sent.name}").get(), said=lambda: (feed.status, repr(feed))
    )
    sent.append({"time": [0.25 * n for n in range(1200)], "n": [*range(1200)]})
    hub.run(back, into=returned)
    wait_for(lambda: len(returned.to_frame()) >= 1200, said=lambda: (feed.status, len(returned.to_frame())))
    frame = returned.to_frame()
    assert frame["n"].tolist() == [*range(1200)]
    assert frame["time"].astype("int64").tolist() == sent.to_frame()["time"].astype("int64").tolist()
    # It counts what the other system has confirmed, which may be later than others read it.
    wait_for(lambda: feed.source.written == 1200, said=lambda: (feed.status, feed.source.written))
    assert feed.status == "running"


def send_table_out_and_back(hub: Hub, out: Connector, back: Connector, name: str) -> None:
    """The same with a table, of which a row is removed."""
    sent, returned = hub.table(f"{name}-out", key="id"), hub.table(f"{name}-back", key="id")
    sent.upsert(id=["a", "b", "c"], n=[1, 2, 3])
    hub.run(sent, into=out)
    hub.run(back, into=returned)
    wait_for(lambda: len(returned.rows()) == 3)
    sent.upsert(id="b", m=5)
    sent.remove("a")
    expected = [{"id": "b", "n": 2, "m": 5}, {"id": "c", "n": 3}]
    wait_for(lambda: [_told(row) for row in returned.rows()] == expected, said=returned.rows)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if cell is not None}
