"""What breaks under a broker and an archive together. Nothing that was acknowledged is lost, or there twice.

`LONG=1` does ten times the rounds.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..archive.conftest import new_schema
from ..archive.crowd import Crowd, hub_of
from ..archive.postgres_server import PostgresServer
from ..client.hub_process import HubProcess
from ..server.worker_processes import children_of, wait_for
from .redis_server import RedisServer
from .test_faults import check, crowd_of

__all__ = ["crowd_of"]

TIMES = 10 if os.environ.get("LONG") == "1" else 1

CONFIG = """
[hub]
broker = "{broker}"
archive = "{archive}"
workers = 2
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


@pytest.fixture
def forgetful_redis(need_redis: None) -> Iterator[RedisServer]:
    """A server of this test alone; when it ends all that it had is gone."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def workers(
    forgetful_redis: RedisServer, own_postgres: PostgresServer, tmp_path: Path
) -> Iterator[HubProcess]:
    archive = new_schema(own_postgres, "crowd")
    hub = HubProcess(tmp_path, CONFIG.format(broker=forgetful_redis.url, archive=archive))
    hub.start()
    wait_for("two workers", lambda: len(children_of(hub.pid)) == 2)
    yield hub
    hub.kill()


def check_archive(server: PostgresServer, count: int) -> None:
    """All that was said is there, once, and its offsets have no holes."""
    message_id = "convert_from(data, 'utf8')::json->'data'->>'id'"
    counts = f"""SELECT count(*), count(DISTINCT {message_id}), max("offset") FROM crowd.rtwidgets_publication
    WHERE channel = (SELECT id FROM crowd.rtwidgets_channel WHERE name = 'chat:crowd')"""
    assert server.sql(counts) == f"{count}|{count}|{count}"


@pytest.mark.slow
@pytest.mark.timeout(60 + 60 * TIMES)
def test_restart_of_postgres_under_two_workers_loses_nothing(
    own_postgres: PostgresServer, workers: HubProcess, crowd_of: Callable[..., Crowd]
) -> None:
    crowd = crowd_of(workers, rate=400)
    live = hub_of(workers, "live")
    for number in range(5 * TIMES):
        time.sleep(0.5)
        own_postgres.stop(signal.SIGINT if number % 2 else signal.SIGQUIT)
        time.sleep(0.5)
        # Channels that are not archived do not notice.
        live.event("live:a").send(number)
        assert live.flush(2)
        own_postgres.start()
    live.close()
    found = crowd.finish()
    check(found)
    check_archive(own_postgres, len(found["said"]))


@pytest.mark.slow
@pytest.mark.timeout(60 + 60 * TIMES)
def test_redis_that_loses_everything_under_load_is_filled_from_the_archive(
    forgetful_redis: RedisServer,
    own_postgres: PostgresServer,
    workers: HubProcess,
    crowd_of: Callable[..., Crowd],
) -> None:
    crowd = crowd_of(workers, rate=400)
    for number in range(6 * TIMES):
        time.sleep(1)
        if number % 2:
            assert forgetful_redis.ask("FLUSHALL").startswith("+OK")
        else:
            forgetful_redis.kill()
            time.sleep(0.5)
            forgetful_redis.start()
    found = crowd.finish()
    # Nobody was told of a loss, as there is none: epoch and offsets are what they were.
    check(found)
    check_archive(own_postgres, len(found["said"]))


@pytest.mark.slow
@pytest.mark.timeout(60 + 60 * TIMES)
def test_kill_of_a_worker_under_load_leaves_nothing_in_the_broker_alone(
    own_postgres: PostgresServer, workers: HubProcess, crowd_of: Callable[..., Crowd]
) -> None:
    crowd = crowd_of(workers, rate=400)
    for number in range(3 * TIMES):
        time.sleep(1)
        pids = children_of(workers.pid)
        os.kill(pids[number % 2], signal.SIGKILL)
        wait_for("another worker", lambda: len(set(children_of(workers.pid)) - {pids[number % 2]}) == 2)  # noqa: B023
    found = crowd.finish()
    check(found)
    check_archive(own_postgres, len(found["said"]))
