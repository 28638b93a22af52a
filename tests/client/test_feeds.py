"""Feeds: any generator publishes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import pytest

from rtwidgets.client.hub import Hub
from rtwidgets.errors import ChannelError

from .conftest import Join, eventually


def test_a_generator_feeds_a_channel_until_it_ends(join: Join) -> None:
    hub = join()
    feed = hub.run(({"n": n} for n in range(3)), into=hub.stream("f1"))
    eventually(lambda: feed.status == "stopped")
    assert hub.flush()
    assert hub.stream("f1").to_frame()["n"].tolist() == [0, 1, 2]


def test_an_async_source_names_its_channels_and_stops_when_told(join: Join) -> None:
    hub = join()
    ended: list[bool] = []

    class Source:
        declares: ClassVar = [("table:f2", {"key": "pid"}), ("value:f2", {"default": 1})]

        async def __call__(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
            try:
                while True:
                    yield "stream:f2", {"cpu": [1.0, 2.0]}
                    yield "table:f2", {"replace": {"pid": [1, 2], "name": ["a", "b"]}}
                    await asyncio.sleep(0.02)
            finally:
                ended.append(True)

    source = Source()
    feed = hub.run(source)
    assert feed.source is source
    eventually(lambda: len(hub.table("f2").rows()) == 2)
    assert hub.value("f2").get() == 1
    feed.stop()
    assert (feed.status, ended) == ("stopped", [True])


def test_a_function_of_the_hub_makes_the_source(join: Join) -> None:
    hub = join()

    def ticks(hub: Hub) -> Iterator[tuple[Any, int]]:
        yield hub.value("f3"), 7
        yield hub.event("f3"), 8

    feed = hub.run(ticks)
    eventually(lambda: feed.status == "stopped")
    assert hub.value("f3").get() == 7


def test_a_failing_source_says_why_and_stops_nothing_else(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    hub = join()

    def breaks() -> Iterator[tuple[str, int]]:
        yield "value:f4", 1
        raise RuntimeError("sensor gone")

    feed = hub.run(breaks)
    eventually(lambda: feed.status == "failed: RuntimeError: sensor gone")
    assert "breaks" in repr(feed) and "sensor gone" in repr(feed)
    eventually(lambda: "sensor gone" in caplog.text)  # logged after the status is set
    assert hub.value("f4").get() == 1


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("error", [UnspeakableError, SystemExit])
def test_a_source_has_failed_whatever_it_raises(join: Join, error: type[BaseException]) -> None:
    def breaks() -> Iterator[tuple[str, int]]:
        yield "value:f4told", 1
        raise error

    feed = join().run(breaks)
    eventually(lambda: feed.status.startswith(f"failed: {error.__name__}: "))


@pytest.mark.parametrize(("item", "message"), [(5, "pairs"), (("cpu", 1), "'stream:...'")])
def test_items_that_lead_nowhere_are_named(join: Join, item: object, message: str) -> None:
    feed = join().run(iter([item]))
    eventually(lambda: feed.status.startswith("failed: ChannelError"))
    assert message in feed.status


def test_what_is_no_source_is_refused_at_once(join: Join) -> None:
    hub = join()
    with pytest.raises(TypeError, match="takes a generator"):
        hub.run(5)
    with pytest.raises(ChannelError):
        hub.run(type("Source", (), {"declares": [("cpu", {})], "__iter__": lambda self: iter(())})())


def test_closing_the_hub_stops_its_feeds(join: Join) -> None:
    hub = join()

    async def forever() -> AsyncIterator[tuple[str, int]]:
        while True:
            yield "value:f5", 1
            await asyncio.sleep(0.01)

    feed = hub.run(forever())
    time.sleep(0.05)
    hub.close()
    assert feed.status == "stopped"
