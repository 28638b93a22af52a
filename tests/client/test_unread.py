"""What waits for a loop or a callback that is busy has a bound in number and in bytes."""

from __future__ import annotations

import asyncio
import threading

import pytest

from rtwidgets.client import unread, workers
from rtwidgets.client.unread import Unread
from rtwidgets.client.workers import Strand
from rtwidgets.errors import RtWidgetsError

from .conftest import Join


async def test_loop_gets_what_came_in_order_and_then_why_no_more_comes() -> None:
    waiting = Unread("the loop over 'stream:s'", asyncio.get_running_loop())
    reading = asyncio.create_task(waiting.get())
    await asyncio.sleep(0)
    await asyncio.to_thread(waiting.put, b"1")
    assert await asyncio.wait_for(reading, 5) == b"1"
    waiting.put(b"2")
    waiting.put(b"3")
    waiting.refuse(RtWidgetsError("no right"))
    assert [await waiting.get(), await waiting.get()] == [b"2", b"3"]
    with pytest.raises(RtWidgetsError, match="no right"):
        await waiting.get()


@pytest.mark.parametrize(("most", "most_bytes"), [(3, 1000), (1000, 30)])
async def test_busy_loop_loses_the_oldest_by_number_and_by_bytes(
    most: int, most_bytes: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(unread, "MAX_UNREAD", most)
    monkeypatch.setattr(unread, "MAX_UNREAD_BYTES", most_bytes)
    waiting = Unread("the loop over 'stream:s'", asyncio.get_running_loop())
    for n in range(6):
        waiting.put(b"%010d" % n)
    assert [int(await waiting.get()) for _ in range(3)] == [3, 4, 5]
    assert caplog.text.count("the loop over 'stream:s' is slower than its data") == 1
    # One that is larger than all may be is still passed on.
    waiting.put(b"9" * (most_bytes + 1))
    assert len(await waiting.get()) == most_bytes + 1


def test_loop_that_has_ended_says_so() -> None:
    loop = asyncio.new_event_loop()
    waiting = Unread("the loop over 'stream:s'", loop)
    waiting.put(b"1")
    loop.close()
    with pytest.raises(RuntimeError):
        waiting.put(b"2")


@pytest.mark.parametrize(("most", "most_bytes"), [(3, 1000), (1000, 30)])
def test_busy_callback_loses_the_oldest_calls_by_number_and_by_bytes(
    most: int, most_bytes: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "MAX_WAITING", most)
    monkeypatch.setattr(workers, "MAX_WAITING_BYTES", most_bytes)
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()
    heard: list[int] = []

    def busy(n: int) -> None:
        begun.set()
        assert go_on.wait(10)
        heard.append(n)
        if n == 6:
            done.set()

    strand = Strand(busy, "on_data of 'stream:s'")
    strand.call(0, size=10)
    assert begun.wait(10)
    for n in range(1, 7):
        strand.call(n, size=10)
    go_on.set()
    assert done.wait(10)
    assert heard == [0, 4, 5, 6]
    assert caplog.text.count("on_data of 'stream:s' is slower than its data") == 1


async def test_loop_over_a_stream_goes_on_behind_what_it_cant_read(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    stream = join().stream("u1")
    seen: list[int] = []

    async def read() -> None:
        async for batch in stream:
            seen.extend(batch["n"])
            if 2 in seen:
                return

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    assert await asyncio.to_thread(stream._settled.wait, 10)
    stream.append(n=1)
    await asyncio.to_thread(stream.hub.flush)
    stream._check_open().publisher.put_whole(stream.name, b'{"n":3}')
    stream.append(n=2)
    await asyncio.wait_for(reading, 10)
    assert seen == [1, 2]
    assert "a batch is left out" in caplog.text
