"""Who reads a channel, as its publisher sees it; and sources that rest while nobody does."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from rtwidgets.errors import PermissionDeniedError

from .conftest import Join, eventually
from .hub_process import HubProcess, token


def test_demand_follows_the_readers(join: Join) -> None:
    prices = join().stream("d1")
    assert prices.demand() == (0, 0, 0.0)
    reader = join()
    stop = reader.stream("d1").on_data(print)
    eventually(lambda: prices.demand() == (1, 1, math.inf))
    stop()
    reader.close()
    eventually(lambda: prices.demand() == (0, 0, 0.0))


def test_demand_is_for_publishers(join: Join) -> None:
    reader = join(own_token=token("ann", owner=False, caps={"*": ["subscribe"]}))
    with pytest.raises(PermissionDeniedError, match="'stream:d2'"):
        reader.stream("d2").demand()


def test_demand_is_asked_again_of_a_hub_that_was_started_again(join: Join, mortal_hub: HubProcess) -> None:
    hub = join(mortal_hub.url)
    prices = hub.stream("d3")
    join(mortal_hub.url).stream("d3").on_data(print)
    eventually(lambda: prices.demand().subscribers == 1)
    mortal_hub.kill()
    mortal_hub.start()
    eventually(lambda: hub.state == "connected")
    join(mortal_hub.url).stream("d3").on_data(print)
    eventually(lambda: prices.demand().subscribers == 2)


def test_idle_source_rests_until_somebody_looks_and_again_after(join: Join) -> None:
    hub = join()
    asked: list[int] = []

    def numbers() -> Iterator[dict[str, int]]:
        while True:
            asked.append(1)
            yield {"n": len(asked)}

    feed = hub.run(numbers(), into=hub.stream("d4"), idle=True)
    reader = join()
    assert feed.status == "running" and asked == []
    stop = reader.stream("d4").on_data(print)
    eventually(lambda: len(asked) > 3)
    stop()
    reader.stream("d4").close()
    eventually(lambda: hub.stream("d4").demand().visible == 0)
    eventually(lambda: rests(asked))
    feed.stop()
    assert feed.status == "stopped"


def rests(asked: list[int]) -> bool:
    before = len(asked)
    time.sleep(0.2)
    return len(asked) == before


def test_idle_async_source_learns_its_channels_from_what_it_yields(join: Join) -> None:
    hub = join()
    asked: list[int] = []

    async def numbers() -> AsyncIterator[tuple[str, dict[str, int]]]:
        while True:
            asked.append(1)
            yield "stream:d5", {"n": len(asked)}
            await asyncio.sleep(0.001)

    feed = hub.run(numbers(), idle=True)
    eventually(lambda: len(asked) == 1)
    assert rests(asked)
    join().stream("d5").on_data(print)
    eventually(lambda: len(asked) > 3)
    feed.stop()
    assert feed.status == "stopped"
