"""Two hubs on one broker and one archive, as their clients see them."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from rtwidgets.archive.postgres_sql import LOCK_FOR_NOW

from ..archive.conftest import new_schema
from ..archive.postgres_server import PostgresServer
from ..client.hub_process import HubProcess
from ..server.sockets import Line, open_line
from ..server.worker_processes import wait_for
from .conftest import Pair
from .redis_server import RedisServer
from .test_channels import pubs

CONFIG = """
api_key = "key"
[hub]
broker = "{broker}"
archive = "{archive}"
[namespaces.long]
kind = "event"
history_size = 5
history_ttl_s = 300
recover = true
archive = true
"""


@pytest.fixture
def own_pair(
    own_postgres: PostgresServer, need_redis: None, tmp_path: Path
) -> Iterator[tuple[Pair, RedisServer]]:
    """Two hubs; their Redis forgets what it had when it ends."""
    archive = new_schema(own_postgres, "pair")
    with RedisServer() as redis:
        hubs = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            hubs.append(HubProcess(tmp_path / name, CONFIG.format(broker=redis.url, archive=archive)))
            hubs[-1].start()
        yield Pair(*hubs), redis
        for hub in hubs:
            hub.kill()


def history(line: Line, channel: str, **request: Any) -> list[int]:
    reply = line.ask(history={"channel": channel, **request})["history"]
    return [pub["data"] for pub in reply["publications"]]


def page(hub: HubProcess, path: str) -> tuple[int, str]:
    request = urllib.request.Request(f"{hub.url}{path}", headers={"X-API-Key": "key"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def check_history(line: Line, channel: str, epoch: str) -> None:
    """Thirty publications can be read, of which five are in memory."""
    for after, limit, last in ((0, 10, 10), (22, -1, 30), (29, 5, 30)):
        since = {"epoch": epoch, "offset": after}
        assert history(line, channel, since=since, limit=limit) == list(range(after + 1, last + 1))
    assert history(line, channel, limit=12, reverse=True) == list(range(30, 18, -1))
    between = {"method": "rtwidgets.history", "data": {"channel": channel, "after": 23, "limit": 4}}
    found = line.ask(rpc=between)["rpc"]["data"]
    assert [pub["data"] for pub in found["publications"]] == [24, 25, 26, 27]


@pytest.mark.slow
def test_history_goes_on_in_the_archive_and_positions_outlive_redis(
    own_pair: tuple[Pair, RedisServer],
) -> None:
    (one, other), redis = own_pair
    channel = "long:a"
    with open_line(one) as ann:
        with open_line(other, "bob") as bob:
            first = bob.ask(subscribe={"channel": channel})["subscribe"]
            for number in range(1, 31):
                assert "error" not in ann.ask(publish={"channel": channel, "data": number})
            assert [pub["offset"] for pub in pubs(bob, channel, 30)] == list(range(1, 31))
            check_history(bob, channel, first["epoch"])
        # All that Redis had is gone. One hub has been there before, the other comes anew.
        redis.kill()
        other.kill()
        redis.start()
        other.start()
        with open_line(other, "bob") as bob:
            where = {"recover": True, "epoch": first["epoch"], "offset": 27}
            reply = bob.ask(subscribe={"channel": channel, **where})["subscribe"]
            assert reply["recovered"] and [pub["data"] for pub in reply["publications"]] == [28, 29, 30]
            check_history(bob, channel, first["epoch"])
            check_history(ann, channel, first["epoch"])
            wait_for(
                "Redis is back", lambda: "error" not in ann.ask(publish={"channel": channel, "data": 31})
            )
            assert pubs(bob, channel, 1)[0]["offset"] == 31


async def test_nobody_hears_of_what_the_archive_does_not_have(
    own_pair: tuple[Pair, RedisServer], own_postgres: PostgresServer
) -> None:
    (one, other), redis = own_pair
    with open_line(one) as ann, open_line(other, "bob") as bob:
        for line in (ann, bob):
            line.ask(subscribe={"channel": "long:a"})
        holder = await asyncpg.connect(own_postgres.url, server_settings={"search_path": "pair"})
        async with holder.transaction():
            # Another hub is writing.
            await holder.execute(LOCK_FOR_NOW)
            ann.socket.send(json.dumps({"id": 90, "publish": {"channel": "long:a", "data": 1}}))
            wait_for("Redis has it", lambda: "1-0" in redis.ask("HGET", "rtwidgets:{c:long:a}:meta", "place"))
            # Who is not at the hub that takes it, and others there that wait for nothing.
            assert "error" not in bob.ask(publish={"channel": "event:b", "data": 1})
            assert not any("id" in message for message in _silence(ann)) and _silence(bob) == []
        await holder.close()
        while not any(message.get("id") == 90 and "publish" in message for message in ann.receive()):
            pass
        assert [pubs(line, "long:a", 1)[0]["offset"] for line in (ann, bob)] == [1, 1]


def _silence(line: Line) -> list[dict[str, Any]]:
    """Return what comes within half a second, besides pings."""
    try:
        return [message for message in line.receive(0.5) if message]
    except TimeoutError:
        return []


@pytest.mark.slow
def test_readiness_and_figures_tell_of_both(
    own_pair: tuple[Pair, RedisServer], own_postgres: PostgresServer
) -> None:
    (one, _), redis = own_pair

    def is_ready() -> bool:
        return page(one, "/ready") == (200, '{"status":"ready"}')

    wait_for("ready", is_ready)
    own_postgres.stop()
    wait_for("not ready without the archive", lambda: page(one, "/ready")[0] == 503)
    own_postgres.start()
    wait_for("ready again", is_ready)
    redis.kill()
    wait_for("not ready without the broker", lambda: page(one, "/ready")[0] == 503)
    redis.start()
    wait_for("ready once more", is_ready)
    figures = page(one, "/metrics")[1]
    for what in ("broker", "archive"):
        assert f"rtwidgets_{what}_commit_seconds_count" in figures
        (failed,) = re.findall(rf"^rtwidgets_{what}_failures_total (\d+)", figures, re.MULTILINE)
        assert int(failed) > 0, what
