"""What breaks while people talk: the hub, the database, the disk. Nothing that was acknowledged is lost.

`LONG=1` does ten times the rounds.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from rtwidgets.client.hub import Hub

from ..client.hub_process import HubProcess
from .conftest import new_schema
from .crowd import Crowd, hub_of
from .postgres_server import PostgresServer

TIMES = 10 if os.environ.get("LONG") == "1" else 1
# Nineteen of twenty clients are back so soon.
BACK_S = 2

CONFIG = """
[hub]
archive = "{archive}"
[namespaces.chat]
kind = "chat"
history_size = 20000
history_ttl_s = 3600
recover = true
[namespaces.live]
kind = "event"
history_size = 100
recover = true
"""

Start = Callable[[str], HubProcess]


@pytest.fixture
def start_hub(tmp_path: Path) -> Iterator[Start]:
    made: list[HubProcess] = []

    def start(archive: str) -> HubProcess:
        made.append(HubProcess(tmp_path, CONFIG.format(archive=archive)))
        made[0].start()
        return made[0]

    yield start
    for process in made:
        process.kill()


def ids_in(path: Path) -> list[str]:
    """Return the ids of the messages in an archive, in the order of their offsets."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as sql:
        rows = sql.execute("SELECT data FROM publication ORDER BY offset").fetchall()
    sql.close()
    return [str(msgspec.json.decode(data)["data"]["id"]) for (data,) in rows]


def answers_now(hub: Hub, number: int) -> None:
    """Publish on a channel without an archive and wait until it is acknowledged."""
    hub.event("live:a").send(number)
    assert hub.flush(2), "the hub serves no live data"


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(60 + 120 * TIMES)
def test_kill_of_the_hub_under_load_loses_nothing(
    tmp_path: Path,
    start_hub: Start,
    crowd_of: Callable[..., Crowd],
) -> None:
    path = tmp_path / "hub.db"
    hub = start_hub(f"sqlite:///{path}")
    crowd = crowd_of(hub)
    back: list[float] = []
    for _ in range(20 * TIMES):
        time.sleep(1)
        killed_at = time.monotonic()
        hub.kill()
        hub.start()
        back += crowd.wait_until_back(killed_at, time.monotonic())
    said = crowd.finish()
    kept = ids_in(path)
    assert len(kept) == len(set(kept)) and set(kept) == said
    p95 = statistics.quantiles(back, n=20)[-1]
    assert p95 < BACK_S, back


@pytest.mark.slow
@pytest.mark.timeout(60 + 60 * TIMES)
def test_restart_of_postgres_under_load_loses_nothing(
    own_postgres: PostgresServer,
    start_hub: Start,
    crowd_of: Callable[..., Crowd],
) -> None:
    hub = start_hub(new_schema(own_postgres, "crowd"))
    live = hub_of(hub, "live")
    crowd = crowd_of(hub)
    for number in range(5 * TIMES):
        time.sleep(0.5)
        # Connections are cut while they commit; the second time without a word.
        own_postgres.stop(signal.SIGINT if number % 2 else signal.SIGQUIT)
        answers_now(live, number)
        time.sleep(0.5)
        answers_now(live, number)
        own_postgres.start()
    live.close()
    said = crowd.finish()
    counts = 'SELECT count(*), count(DISTINCT data), max("offset") FROM crowd.rtwidgets_publication'
    count = len(said)
    assert own_postgres.sql(counts) == f"{count}|{count}|{count}"


@pytest.mark.slow
@pytest.mark.timeout(60 + 30 * TIMES)
def test_full_disk_is_a_temporary_error_and_the_hub_serves_live_data(
    tmp_path: Path, start_hub: Start, crowd_of: Callable[..., Crowd], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "hub.db"
    hub = start_hub(f"sqlite:///{path}")
    live = hub_of(hub, "live")
    crowd = crowd_of(hub, rate=200, writers=1, readers=2)
    for number in range(3 * TIMES):
        caplog.clear()
        # From now on it may write no file further than this.
        resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        deadline = time.monotonic() + 10
        while "wait in this process: the archive can't be used now" not in caplog.text:
            assert time.monotonic() < deadline, "the writer does not hear of it"
            time.sleep(0.01)
            answers_now(live, number)
        resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert crowd.writers[0].hub.flush(20)
    live.close()
    said = crowd.finish()
    kept = ids_in(path)
    assert len(kept) == len(set(kept)) and set(kept) == said
