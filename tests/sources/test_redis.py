"""Redis Streams, on a real redis-server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest
from redis import exceptions

from rtwidgets.errors import ConfigError
from rtwidgets.sources import redis
from rtwidgets.sources.redis import _answered

from ..brokers.redis_server import RedisServer, program
from ..client.hub_process import HubProcess
from .conftest import (
    Join,
    StartFeed,
    Watch,
    rows,
    send_out_and_back,
    send_table_out_and_back,
    wait_for,
)
from .faults import kill_while_it_reads, restart_the_hub, restart_what_it_reads


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    if program() is None:
        pytest.skip("redis-server is not installed; `make test` as root installs it, or your package manager")
    with RedisServer(keeps=True) as server:
        yield server


def send(server: RedisServer, stream: str, *values: object) -> None:
    pipe = server.client.pipeline()
    for value in values:
        pipe.xadd(stream, {"data": json.dumps(value)})
    pipe.execute()


def pending(server: RedisServer, stream: str) -> int:
    return int(server.client.xpending(stream, "g")["pending"])


def test_values_arrive_in_order_and_are_acknowledged_after_that(
    server: RedisServer, join: Join, watch: Watch
) -> None:
    send(server, "order", *rows(0, 1200))
    hub, watcher = join(), watch("stream:order")
    feed = hub.run(redis(server.url, stream="order", group="g"), into=hub.stream("order"))
    wait_for(lambda: len(watcher.column("n")) == 1200, said=lambda: feed.status)
    assert watcher.column("n") == list(range(1200)) and len(watcher.seen) < 100
    wait_for(lambda: pending(server, "order") == 0)
    # What was said when is the row's time.
    (newest,) = server.client.xrevrange("order", count=1)
    assert watcher.column("time")[-1] == int(newest[0].split(b"-")[0])
    feed.stop()
    assert feed.status == "stopped"


def test_entry_without_data_removes_the_row_of_its_key(server: RedisServer, join: Join) -> None:
    hub = join()
    table = hub.table("by_key", key="id")
    for fields in ({"key": "1", "data": '{"x": 1}'}, {"key": "2", "data": '{"x": 2}'}, {"key": "1"}):
        server.client.xadd("by_key", fields)
    feed = hub.run(redis(server.url, stream="by_key", group="g", decode_key="json"), into=table)
    wait_for(lambda: table.rows() == [{"id": 2, "x": 2}], said=lambda: feed.status)


def test_fields_themselves_may_be_the_row(server: RedisServer, join: Join, watch: Watch) -> None:
    hub, watcher = join(), watch("stream:flat")
    server.client.xadd("flat", {"price": "1.5", "symbol": "A", "code": "007", "flag": '"x"'})
    hub.run(redis(server.url, stream="flat", group="g", field=""), into=hub.stream("flat"))
    wait_for(lambda: watcher.seen)
    del watcher.seen[0]["time"]
    assert watcher.seen == [{"price": [1.5], "symbol": ["A"], "code": ["007"], "flag": ['"x"']}]


def test_entry_of_another_form_is_told(server: RedisServer, join: Join) -> None:
    hub = join()
    entry_id = server.client.xadd("other", {"price": "1.5"}).decode()
    feed = hub.run(redis(server.url, stream="other", group="g"), into=hub.stream("other"))
    wait_for(lambda: feed.status.startswith(f"failed: SourceError: entry {entry_id} of Redis stream 'other'"))
    assert pending(server, "other") == 1


def test_killed_feed_loses_nothing_and_repeats_one_batch_at_most(
    server: RedisServer, watch: Watch, start_feed: StartFeed
) -> None:
    feed = start_feed(kind="redis", channel="stream:killed", url=server.url, stream="killed", group="g")
    kill_while_it_reads(feed, watch("stream:killed"), partial(send, server, "killed"))
    wait_for(lambda: pending(server, "killed") == 0)
    assert feed.terminate() == 0, feed.log


def test_feed_goes_on_when_the_hub_comes_back_and_acknowledges_nothing_meanwhile(
    server: RedisServer, join: Join, watch: Watch, own_hub: HubProcess
) -> None:
    hub, watcher = join(own_hub), watch("stream:back", own_hub)
    feed = hub.run(redis(server.url, stream="back", group="g"), into=hub.stream("back"))
    by = partial(send, server, "back"), partial(pending, server, "back")
    restart_the_hub(own_hub, hub, feed, watcher, *by)


def test_what_the_hub_refuses_is_not_acknowledged(server: RedisServer, join: Join) -> None:
    send(server, "refused", *rows(0, 10))
    hub = join(owner=False, caps={"*": ["subscribe"]})
    feed = hub.run(redis(server.url, stream="refused", group="g"), into=hub.stream("refused"))
    wait_for(lambda: feed.status.startswith("failed: PermissionDeniedError"), said=lambda: feed.status)
    assert pending(server, "refused") == 10


def test_feed_says_that_redis_is_away_and_goes_on_after_that(
    server: RedisServer, join: Join, watch: Watch
) -> None:
    hub, watcher = join(), watch("stream:away")
    feed = hub.run(redis(server.url, stream="away", group="g"), into=hub.stream("away"))
    by = partial(send, server, "away"), partial(pending, server, "away")
    restart_what_it_reads(server.kill, server.start, "Redis", feed, watcher, *by)


def test_stream_that_was_deleted_and_begun_anew_is_read_on(
    server: RedisServer, join: Join, watch: Watch
) -> None:
    hub, watcher = join(), watch("stream:anew")
    feed = hub.run(redis(server.url, stream="anew", group="g"), into=hub.stream("anew"))
    send(server, "anew", *rows(0, 2))
    wait_for(lambda: len(watcher.column("n")) == 2 and pending(server, "anew") == 0)
    server.client.delete("anew")
    send(server, "anew", *rows(2, 4))
    wait_for(lambda: watcher.column("n") == [0, 1, 2, 3], said=lambda: feed.status)


def test_newest_begins_with_what_comes(server: RedisServer, join: Join, watch: Watch) -> None:
    hub, watcher = join(), watch("stream:newest")
    send(server, "newest", *rows(0, 10))
    feed = hub.run(redis(server.url, stream="newest", group="g", start="newest"), into=hub.stream("newest"))
    wait_for(lambda: server.client.xinfo_groups("newest"))
    send(server, "newest", *rows(10, 12))
    wait_for(lambda: watcher.column("n") == [10, 11], said=lambda: feed.status)


def test_what_was_given_out_and_deleted_since_holds_nothing_up(
    server: RedisServer, join: Join, watch: Watch
) -> None:
    hub, watcher = join(), watch("stream:gone")
    send(server, "gone", *rows(0, 3))
    server.client.xgroup_create("gone", "g", "0")
    ((_, given),) = server.client.xreadgroup("g", "rtwidgets", {"gone": ">"})
    server.client.xdel("gone", given[0][0], given[1][0])
    hub.run(redis(server.url, stream="gone", group="g"), into=hub.stream("gone"))
    wait_for(lambda: watcher.column("n") == [2])


def test_stream_and_table_go_out_and_come_back(server: RedisServer, join: Join) -> None:
    hub = join()
    first, second = (redis(server.url, stream=stream, group="g") for stream in ("trip1", "trip2"))
    send_out_and_back(hub, first, first, "redis", "g")
    send_table_out_and_back(hub, second, second, "redis")


def test_wrong_options_are_told_at_once_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="use a form such as 'redis://") as caught:
        redis("http://:hunter2@127.0.0.1", stream="s", group="g")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(redis("redis://:hunter2@127.0.0.1", stream="s", group="g"))
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ConfigError, match=r"pip install 'rtwidgets\[redis\]'"):
        redis("redis://127.0.0.1", stream="s", group="g")


async def test_cancellation_that_the_library_keeps_to_itself_ends_the_feed() -> None:
    async def read() -> int:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return 1

    task = asyncio.create_task(_answered(exceptions, read()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
