"""Channels of every kind, through a real hub."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from rtwidgets.client.events import Event
from rtwidgets.client.hub import Hub
from rtwidgets.client.table_copy import TableChange
from rtwidgets.client.tokens import caps_of, user_of
from rtwidgets.core.capabilities import Caps
from rtwidgets.core.rules import Verb
from rtwidgets.errors import PermissionDeniedError

from ..server.test_gate import handshake
from .conftest import Join, eventually
from .hub_process import HubProcess, token

SEE: frozenset[Verb] = frozenset(("subscribe",))


def test_stream_batches_reach_callbacks_with_times_in_seconds(join: Join) -> None:
    writer, reader = join(), join()
    batches: list[dict[str, list[Any]]] = []
    stream = reader.stream("s1")
    stop = stream.on_data(batches.append)
    stream._wait()
    writer.stream("s1").append(time=1_700_000_000.25, price=1.5, symbol="ACME")
    eventually(lambda: batches)
    assert batches == [{"time": [1_700_000_000.25], "price": [1.5], "symbol": ["ACME"]}]
    stop()
    stop()
    writer.stream("s1").append(price=2.5)
    assert writer.flush()
    assert len(stream.to_frame()) == 2
    assert len(batches) == 1


def test_to_frame_keeps_the_last_part_only(join: Join) -> None:
    stream = join().stream("s2")
    stream.append({"time": [1000, 1050, 1100], "n": [1, 2, 3]})
    assert stream.hub.flush()
    assert stream.to_frame(last="1m")["n"].tolist() == [2, 3]
    assert stream.to_frame(backend="polars")["n"].to_list() == [1, 2, 3]
    assert stream.to_frame(last=0, backend="arrow")["n"].to_pylist() == [3]


async def test_stream_is_iterated_in_the_callers_loop(join: Join) -> None:
    stream = join().stream("s3")

    async def read() -> list[int]:
        seen: list[int] = []
        async for batch in stream:
            seen += batch["n"]
            if len(seen) >= 3:
                break
        return seen

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.2)
    for n in range(3):
        stream.append(n=n)
        await asyncio.sleep(0.02)
    assert await asyncio.wait_for(reading, 5) == [0, 1, 2]


def test_many_threads_append_and_every_row_arrives(join: Join) -> None:
    stream = join().stream("s4")

    def work(thread: int) -> None:
        for n in range(500):
            stream.append(thread=thread, n=n)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stream.hub.flush()
    frame = stream.to_frame()
    assert [frame[frame["thread"] == t]["n"].tolist() for t in range(4)] == [list(range(500))] * 4


def test_table_rows_follow_upserts_removals_and_replacements(join: Join) -> None:
    writer, reader = join(), join()
    orders = writer.table("t1", key="id")
    orders.upsert({"id": [1, 2], "status": ["open", "open"]})
    assert writer.flush()
    copy = reader.table("t1")
    assert copy.rows() == [{"id": 1, "status": "open"}, {"id": 2, "status": "open"}]
    changes: list[TableChange] = []
    copy.on_change(changes.append)
    orders.upsert(id=2, status="filled")
    orders.upsert(id=3, price=1.5)
    orders.remove(1, 99)
    eventually(lambda: sorted(row["id"] for row in copy.rows()) == [2, 3])
    assert copy.to_frame(backend="polars")["status"].to_list() == ["filled", None]
    orders.replace([{"id": 3, "status": "new", "price": 2.5}])
    eventually(lambda: [row["id"] for row in copy.rows()] == [3])
    eventually(lambda: changes and changes[-1].removed == [2])
    assert changes[0].rows == [{"id": 2, "status": "filled"}]
    assert copy.key == "id"


def test_a_table_that_is_declared_after_we_follow_it_is_understood(join: Join) -> None:
    writer, reader = join(), join()
    copy = reader.table("t2")
    assert copy.rows() == []
    writer.table("t2", key="sym").upsert(sym="A", bid=1)
    eventually(lambda: copy.rows() == [{"sym": "A", "bid": 1}])
    assert copy.key == "sym"


def test_values_are_read_as_they_were_set_and_shared(join: Join) -> None:
    one, two = join(), join()
    limit = one.value("v1", default=100)
    assert limit.get() == 100
    assert two.value("v1", default=7).get() == 100
    heard: list[object] = []
    two.value("v1").on_change(heard.append)
    for n in range(50):
        limit.set(n)
        assert limit.get() == n
    eventually(lambda: heard and heard[-1] == 49)
    assert two.value("v1").get() == 49
    assert one.value("v2").get() is None


def test_a_slow_callback_of_a_value_gets_the_latest_and_delays_nothing(join: Join) -> None:
    hub = join()
    value = hub.value("v3")
    heard: list[int] = []

    def slow(n: int) -> None:
        heard.append(n)
        time.sleep(0.2)

    value.on_change(slow)
    value._wait()
    for n in range(100):
        value.set(n)
        time.sleep(0.002)
    eventually(lambda: heard and heard[-1] == 99)
    assert len(heard) < 10
    assert hub.flush(1)


def test_events_carry_sender_and_time_and_are_kept(join: Join) -> None:
    hub = join()
    heard: list[Event] = []
    alerts = hub.event("e1")
    alerts.on_event(heard.append)
    alerts._wait()
    before = time.time()
    alerts.send({"text": "spread above 5"})
    alerts.send([1, None])
    eventually(lambda: len(heard) == 2)
    assert heard[0].data == {"text": "spread above 5"} and heard[0].user == "ann"
    assert abs(heard[0].time - before) < 5
    assert alerts.history() == heard
    assert alerts.history(1) == heard[1:]


def test_a_channel_of_a_custom_namespace_is_reached_by_its_whole_name(join: Join) -> None:
    events = join(own_token="").event("open:door")
    events.send("knock")
    assert events.hub.flush()
    assert [event.data for event in events.history()] == ["knock"]


def test_callbacks_that_raise_are_logged_and_called_again(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    events = join().event("e2")
    heard: list[object] = []

    async def bad(event: Event) -> None:
        heard.append(event.data)
        raise RuntimeError("boom")

    events.on_event(bad)
    events._wait()
    events.send(1)
    events.send(2)
    eventually(lambda: heard == [1, 2])
    assert any("on_event of 'event:e2' failed" in record.message for record in caplog.records)


def test_one_object_per_channel_and_a_plain_repr(join: Join) -> None:
    hub = join()
    assert hub.stream("s5") is hub.stream("stream:s5")
    assert repr(hub.stream("s5")) == f"<Stream 'stream:s5' on {hub.url}, connected>"
    assert repr(hub) == f"<Hub {hub.url}, connected>"
    with hub.stream("s5") as stream:
        stream.append(x=1)
    assert "closed" in repr(stream)
    assert hub.stream("s5") is not stream


def test_the_relay_gets_sockets_tokens_and_origins(running_hub: HubProcess, join: Join) -> None:
    hub = join()

    async def use() -> str:
        minted, expires_at_ms = await hub.mint_token(60, {"stream:px": SEE})
        assert abs(expires_at_ms / 1000 - time.time() - 60) < 5
        await hub.allow_origin("http://localhost:8877")
        pipe = await hub.open_pipe()
        await pipe.send(json.dumps({"id": 1, "connect": {"token": minted}}))
        answer = await pipe.recv()
        await pipe.close(1000, "done")
        return answer

    assert '"connect"' in hub.portal.call(use())
    asked: Caps = {"stream:px": SEE, "table:secret": SEE, "value:limit": frozenset(("subscribe", "publish"))}
    own = token("guest", owner=False, caps={"stream:*": ["subscribe"], "value:*": ["subscribe"]})
    guest = join(own_token=own)
    minted, expires_at_ms = guest.portal.call(guest.mint_token(60, asked))
    assert minted != own and expires_at_ms < (time.time() + 61) * 1000
    # It makes its page a token of what it has itself, and no more.
    assert caps_of(minted) == {"stream:px": SEE, "value:limit": SEE}
    assert user_of(minted) == "guest"
    child = join(own_token=minted)
    with pytest.raises(PermissionDeniedError):
        child.portal.call(child.mint_token(60, asked))
    assert hub.port == running_hub.port and hub.hub_id == hub.status()["hub"]
    # What a kernel has allowed goes with it.
    assert handshake(running_hub, {"Origin": "http://localhost:8877"}) == 101
    hub.close()
    eventually(lambda: handshake(running_hub, {"Origin": "http://localhost:8877"}) == 403)


def test_many_threads_may_ask_for_one_table_at_once(join: Join) -> None:
    for attempt in range(10):
        hub = join()
        barrier = threading.Barrier(4)

        def fill(number: int, hub: Hub = hub, barrier: threading.Barrier = barrier, n: int = attempt) -> None:
            barrier.wait()
            hub.table(f"race{n}", key="id").upsert(id=number)

        threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert hub.flush()
        assert sorted(row["id"] for row in hub.table(f"race{attempt}").rows()) == [0, 1, 2, 3]
