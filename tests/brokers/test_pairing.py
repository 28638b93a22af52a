"""Hubs of one broker have the same archive, or they would acknowledge what the others' never get."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..archive.conftest import new_schema
from ..archive.postgres_server import PostgresServer
from ..client.hub_process import HubProcess
from ..server.sockets import open_line
from ..server.worker_processes import wait_for
from .redis_server import RedisServer

CONFIG = """
[hub]
broker = "{broker}"
archive = "{archive}"
[namespaces.chat]
kind = "chat"
history_size = 100
history_ttl_s = 300
recover = true
"""
KEY = "rtwidgets:archive"

Make = Callable[..., HubProcess]


@pytest.fixture
def forgetful_redis(need_redis: None) -> Iterator[RedisServer]:
    """A server of this test alone; when it ends all that it had is gone."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def make(forgetful_redis: RedisServer, tmp_path: Path) -> Iterator[Make]:
    """Make hubs of one broker, each with a name, an archive, and maybe more of its namespace."""
    hubs: list[HubProcess] = []

    def hub(name: str, archive: str, more: str = "") -> HubProcess:
        (tmp_path / name).mkdir()
        config = CONFIG.format(broker=forgetful_redis.url, archive=archive) + more
        hubs.append(HubProcess(tmp_path / name, config))
        return hubs[-1]

    yield hub
    for each in hubs:
        each.kill()


def said(hub: HubProcess) -> str:
    return (hub.config.parent / "hub.log").read_text()


def say(hub: HubProcess) -> str:
    """Say something in a chat and return the error, if any."""
    with open_line(hub) as line:
        line.ask(subscribe={"channel": "chat:a"})
        message = {"type": "message", "id": uuid.uuid4().hex, "text": "hello"}
        reply = line.ask(publish={"channel": "chat:a", "data": message})
    return str(reply.get("error", {}).get("message", ""))


def test_hub_with_another_archive_or_none_does_not_start(
    postgres: PostgresServer, forgetful_redis: RedisServer, make: Make
) -> None:
    a, b = (new_schema(postgres, f"pairing_{name}") for name in "ab")
    one = make("one", a)
    one.start()
    for name, archive in (("other", b), ("none", "none")):
        refused = rf"Error: hub\.broker is used by hubs that have another archive.*delete the key {KEY}"
        with pytest.raises(AssertionError, match=refused):
            make(name, archive).start()
    partly = (
        r"have archive = true for the namespace 'chat', which is false here.*HDEL rtwidgets:archived chat"
    )
    with pytest.raises(AssertionError, match=partly):
        make("partly", a, "archive = false").start()
    make("same", a).start()
    # Whoever comes first decides, and who wants to change that can.
    forgetful_redis.ask("SET", KEY, "none")
    with pytest.raises(AssertionError, match="used by hubs that have no archive"):
        make("late", a).start()
    # One that is there already takes nothing more.
    wait_for("it is in the log", lambda: "hubs that have no archive" in said(one))
    assert say(one) == "the broker is used with another archive"
    forgetful_redis.ask("DEL", KEY)
    wait_for("it goes on", lambda: say(one) == "")


def test_what_was_away_at_the_start_is_looked_at_before_anything_is_said(
    own_postgres: PostgresServer, forgetful_redis: RedisServer, make: Make
) -> None:
    a, b = (new_schema(own_postgres, f"pairing_{name}") for name in "ab")
    one, other = make("one", a), make("other", b)
    one.start()
    assert say(one) == ""
    own_postgres.stop()
    other.start()
    own_postgres.start()
    wait_for("it is in the log", lambda: say(other) and "hubs that have another archive" in said(other))
    assert say(other) == "the broker is used with another archive"
    assert own_postgres.sql("SELECT count(*) FROM pairing_b.rtwidgets_publication") == "0"
    other.kill()
    # A Redis that has lost everything learns it from whoever is there.
    mine = forgetful_redis.ask("GET", KEY)
    forgetful_redis.kill()
    forgetful_redis.start()
    wait_for("Redis has it again", lambda: forgetful_redis.ask("GET", KEY) == mine)
    wait_for("it goes on", lambda: say(one) == "")
