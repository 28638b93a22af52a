"""NATS JetStream, on a real nats-server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import nats as library
import pytest
from nats.js.api import KeyValueConfig, StreamConfig
from nats.js.errors import KeyNotFoundError, NotFoundError

from rtwidgets.errors import ConfigError
from rtwidgets.sources import nats

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
from .nats_server import NatsServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


def with_jetstream(server: NatsServer, work: Callable[[Any], Awaitable[Any]]) -> Any:
    async def connected() -> Any:
        connection = await library.connect(server.url)
        try:
            return await work(connection.jetstream())
        finally:
            await connection.close()

    return asyncio.run(connected())


def make_stream(server: NatsServer, name: str) -> None:
    with_jetstream(server, lambda js: js.add_stream(StreamConfig(name, subjects=[f"{name}.>"])))


def send(server: NatsServer, stream: str, *values: object, subject: str = "a") -> None:
    async def work(jetstream: Any) -> None:
        futures = [
            await jetstream.publish_async(f"{stream}.{subject}", json.dumps(value).encode())
            for value in values
        ]
        for future in futures:
            await future

    with_jetstream(server, work)


def kept(server: NatsServer, stream: str) -> int:
    """The place that is kept for the group, -1 for none."""

    async def work(jetstream: Any) -> int:
        try:
            return int((await (await jetstream.key_value("rtwidgets")).get(f"{stream}.g")).value.split()[0])
        except (KeyNotFoundError, NotFoundError):
            return -1

    return int(with_jetstream(server, work))


def stream_state(server: NatsServer, stream: str) -> Any:
    return with_jetstream(server, lambda js: js.stream_info(stream)).state


def unread(server: NatsServer, stream: str) -> int:
    return int(stream_state(server, stream).last_seq) - kept(server, stream)


def test_values_arrive_in_order_and_the_place_is_kept_after_that(
    server: NatsServer, join: Join, watch: Watch
) -> None:
    make_stream(server, "order")
    send(server, "order", *rows(0, 1200))
    hub, watcher = join(), watch("stream:order")
    feed = hub.run(nats(server.url, stream="order", group="g"), into=hub.stream("order"))
    wait_for(lambda: len(watcher.column("n")) == 1200, said=lambda: feed.status)
    assert watcher.column("n") == list(range(1200)) and len(watcher.seen) < 200
    wait_for(lambda: kept(server, "order") == 1200)
    # What was said when is the row's time.
    assert watcher.column("time") == sorted(watcher.column("time"))
    feed.stop()
    assert feed.status == "stopped"


def test_bucket_is_a_table_and_what_is_deleted_there_is_removed(server: NatsServer, join: Join) -> None:
    async def work(jetstream: Any) -> None:
        bucket = await jetstream.create_key_value(KeyValueConfig("orders"))
        await bucket.put("a", b'{"x": 1}')
        await bucket.put("b", b'{"x": 2}')
        await bucket.delete("a")

    with_jetstream(server, work)
    hub = join()
    table = hub.table("bucket", key="id")
    feed = hub.run(nats(server.url, stream="KV_orders", group="g"), into=table)
    wait_for(lambda: table.rows() == [{"id": "$KV.orders.b", "x": 2}], said=lambda: feed.status)


def test_only_messages_of_the_subject_are_read(server: NatsServer, join: Join, watch: Watch) -> None:
    make_stream(server, "some")
    for subject in ("a", "b.c", "a", "b.d"):
        send(server, "some", {"n": 1}, subject=subject)
    hub, watcher = join(), watch("stream:some")
    source = nats(server.url, stream="some", group="g", subject="some.b.*", key="subject")
    hub.run(source, into=hub.stream("some"))
    wait_for(lambda: watcher.seen and watcher.column("subject") == ["some.b.c", "some.b.d"])


def test_killed_feed_loses_nothing_and_repeats_one_batch_at_most(
    server: NatsServer, watch: Watch, start_feed: StartFeed
) -> None:
    make_stream(server, "killed")
    feed = start_feed(kind="nats", channel="stream:killed", url=server.url, stream="killed", group="g")
    kill_while_it_reads(feed, watch("stream:killed"), partial(send, server, "killed"))
    wait_for(lambda: kept(server, "killed") == 4000)
    assert feed.terminate() == 0, feed.log


def test_feed_goes_on_when_the_hub_comes_back_and_keeps_its_place_meanwhile(
    server: NatsServer, join: Join, watch: Watch, own_hub: HubProcess
) -> None:
    make_stream(server, "back")
    hub, watcher = join(own_hub), watch("stream:back", own_hub)
    feed = hub.run(nats(server.url, stream="back", group="g"), into=hub.stream("back"))
    by = partial(send, server, "back"), partial(unread, server, "back")
    restart_the_hub(own_hub, hub, feed, watcher, *by)


def test_of_what_the_hub_refuses_no_place_is_kept(server: NatsServer, join: Join) -> None:
    make_stream(server, "refused")
    send(server, "refused", *rows(0, 10))
    hub = join(owner=False, caps={"*": ["subscribe"]})
    feed = hub.run(nats(server.url, stream="refused", group="g"), into=hub.stream("refused"))
    wait_for(lambda: feed.status.startswith("failed: PermissionDeniedError"), said=lambda: feed.status)
    assert kept(server, "refused") == 0


def test_feed_says_that_nats_is_away_and_goes_on_after_that(
    server: NatsServer, join: Join, watch: Watch
) -> None:
    make_stream(server, "away")
    hub, watcher = join(), watch("stream:away")
    feed = hub.run(nats(server.url, stream="away", group="g"), into=hub.stream("away"))
    by = partial(send, server, "away"), partial(unread, server, "away")
    restart_what_it_reads(server.stop, server.start, "NATS", feed, watcher, *by)


def test_newest_begins_with_what_comes(server: NatsServer, join: Join, watch: Watch) -> None:
    make_stream(server, "newest")
    send(server, "newest", *rows(0, 10))
    hub, watcher = join(), watch("stream:newest")
    source = nats(server.url, stream="newest", group="g", start="newest")
    feed = hub.run(source, into=hub.stream("newest"))
    wait_for(lambda: kept(server, "newest") == 10, said=lambda: feed.status)
    send(server, "newest", *rows(10, 12))
    wait_for(lambda: watcher.column("n") == [10, 11])


def test_stream_that_was_begun_anew_is_read_from_its_start(
    server: NatsServer, join: Join, watch: Watch
) -> None:
    make_stream(server, "anew")
    send(server, "anew", *rows(0, 10))
    hub, watcher = join(), watch("stream:anew")
    feed = hub.run(nats(server.url, stream="anew", group="g"), into=hub.stream("anew"))
    wait_for(lambda: kept(server, "anew") == 10)
    feed.stop()
    with_jetstream(server, lambda js: js.delete_stream("anew"))
    make_stream(server, "anew")
    send(server, "anew", *rows(10, 12))
    hub.run(nats(server.url, stream="anew", group="g"), into=hub.stream("anew"))
    wait_for(lambda: watcher.column("n") == list(range(12)), said=lambda: watcher.column("n"))


def test_two_that_read_for_one_group_are_told(server: NatsServer, join: Join) -> None:
    make_stream(server, "twice")
    hub = join()
    feeds = [hub.run(nats(server.url, stream="twice", group="g"), into=hub.event("twice")) for _ in range(2)]

    def told() -> bool:
        return any("another process reads" in feed.status for feed in feeds)

    # Two that begin at the same moment may be told at once.
    wait_for(lambda: told() or stream_state(server, "twice").consumer_count == 2)
    send(server, "twice", 1)
    wait_for(told)
    send(server, "twice", 2)
    wait_for(lambda: kept(server, "twice") == 2, said=lambda: [feed.status for feed in feeds])


def test_missing_stream_ends_the_feed_with_the_reason(server: NatsServer, join: Join) -> None:
    hub = join()
    feed = hub.run(nats(server.url, stream="nowhere", group="g"), into=hub.event("nowhere"))
    wait_for(lambda: "stream not found" in feed.status, said=lambda: feed.status)


def test_stream_and_table_go_out_and_come_back(server: NatsServer, join: Join) -> None:
    hub = join()
    for name in ("trip1", "trip2"):
        make_stream(server, name)
    first, second = (
        nats(server.url, stream=stream, group="g", subject=f"{stream}.a") for stream in ("trip1", "trip2")
    )
    send_out_and_back(hub, first, first, "nats", "g")
    send_table_out_and_back(hub, second, second, "nats")


def test_writing_needs_one_subject(server: NatsServer, join: Join) -> None:
    hub = join()
    for subject in ("", "a.*"):
        source = nats(server.url, stream="s", group="g", subject=subject)
        feed = hub.run(hub.event("wild"), into=source)
        wait_for(lambda feed=feed: "name one without wildcards" in feed.status)  # type: ignore[misc]


def test_wrong_options_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"group is 'a\.b': use letters"):
        nats("nats://127.0.0.1", stream="s", group="a.b")
    for url in ("nats://a:hunter2", "http://a:hunter2@b", "nats://a,nats://"):
        with pytest.raises(ConfigError, match="use a form such as 'nats://") as caught:
            nats(url, stream="s", group="g")
        assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(nats("nats://a:hunter2@127.0.0.1", stream="s", group="g"))
    monkeypatch.setitem(sys.modules, "nats", None)
    with pytest.raises(ConfigError, match=r"pip install 'rtwidgets\[nats\]'"):
        nats("nats://127.0.0.1", stream="s", group="g")
