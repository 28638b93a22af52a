"""Channels on their way out, with a writer that is written down and a real hub."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from rtwidgets.client.channel import Channel
from rtwidgets.client.feeds import Feed
from rtwidgets.client.hub import Hub
from rtwidgets.errors import SourceAwayError
from rtwidgets.sources.forward import Forward
from rtwidgets.sources.pulls import Message

from ..client.hub_process import HubProcess
from ..server.sockets import open_line
from .conftest import Join, wait_for


class Script:
    """A system that notes what is written to it, and is away where that is written down."""

    def __init__(self) -> None:
        self.written: list[tuple[str, object]] = []
        self.away = 0
        self.opened = self.closed = 0

    async def open(self) -> Script:
        self.opened += 1
        return self

    async def write(self, messages: list[Message]) -> None:
        if self.away:
            self.away -= 1
            raise SourceAwayError("gone for tea")
        self.written += [
            (message.key, None if message.value is None else msgspec.json.decode(message.value))
            for message in messages
        ]

    async def close(self) -> None:
        self.closed += 1

    @property
    def values(self) -> list[object]:
        return [value for _, value in self.written]

    def forward(self, channel: Channel) -> Forward:
        return Forward(channel, "a script", self.open, "g")


def run(hub: Hub, channel: Channel, script: Script) -> Feed:
    """Start, and wait until the place is kept from which it goes on."""
    feed = hub.run(channel, into=script)
    place = hub.value(f"value:forwards/g/{channel.name}")
    wait_for(lambda: place.get() is not None, said=lambda: feed.status)
    return feed


def test_events_are_written_in_order_also_when_the_system_was_away(join: Join) -> None:
    hub, script = join(), Script()
    feed = run(hub, hub.event("f1"), script)
    script.away = 2
    for number in range(900):
        hub.event("f1").send(number)
    wait_for(lambda: feed.status == "waiting: gone for tea")
    wait_for(lambda: len(script.written) >= 900, said=lambda: feed.status)
    assert script.values == [*range(900)]
    assert (script.opened, script.closed, feed.status, feed.source.written) == (3, 2, "running", 900)
    feed.stop()
    assert (feed.status, script.closed) == ("stopped", 3)


def test_who_was_ended_goes_on_where_it_was(join: Join) -> None:
    hub, script = join(), Script()
    feed = run(hub, hub.event("f2"), script)
    hub.event("f2").send(1)
    wait_for(lambda: script.values == [1])
    wait_for(lambda: hub.value("value:forwards/g/event:f2").get()[1] == 1)
    feed.stop()
    hub.event("f2").send(2)
    assert hub.flush()
    other, again = join(), Script()
    run(other, other.event("f2"), again)
    wait_for(lambda: again.values == [2])


def test_rows_have_their_time_in_seconds(join: Join) -> None:
    hub, script = join(), Script()
    run(hub, hub.stream("f3"), script)
    hub.stream("f3").append(time=1.5, n=[1])
    wait_for(lambda: script.values == [{"time": 1.5, "n": 1}])


def test_rows_that_nobody_can_read_stop_nothing(join: Join) -> None:
    hub, script = join(), Script()
    feed = run(hub, hub.stream("f3a"), script)
    for data in (b'{"n":[1e999]}', b'{"n":5}', b'{"time":[null],"n":[2]}', b'{"n":[3]}'):
        hub._use().publisher.put_whole("stream:f3a", data)
    wait_for(lambda: script.values == [{"time": None, "n": 2}, {"n": 3}], said=lambda: feed.status)


def test_tables_and_values_begin_with_what_they_are_and_tell_what_changes(join: Join) -> None:
    hub, table, value = join(), Script(), Script()
    hub.table("f4", key="id").upsert(id=[1, 2], n=[1, 2])
    hub.value("f4").set("a")
    assert hub.flush()
    hub.run(hub.table("f4"), into=table)
    hub.run(hub.value("f4"), into=value)
    wait_for(lambda: len(table.written) == 2 and value.written)
    hub.table("f4").upsert(id=1, m=3)
    hub.table("f4").remove(2)
    hub.value("f4").set("b")
    wait_for(lambda: len(table.written) == 4 and value.values[-1] == "b")
    assert table.written[0] == ("1", {"id": 1, "n": 1})
    assert dict(table.written[2:]) == {"1": {"id": 1, "n": 1, "m": 3}, "2": None}
    assert set(value.written) == {("value:f4", "a"), ("value:f4", "b")}


def test_of_a_row_that_changes_while_the_system_is_away_the_last_state_is_written(join: Join) -> None:
    hub, script = join(), Script()
    table = hub.table("f5", key="id")
    table.upsert(id=1, n=0)
    script.away = 1
    feed = hub.run(table, into=script)
    wait_for(lambda: feed.status == "waiting: gone for tea")
    for number in range(1, 50):
        table.upsert(id=1, n=number)
    wait_for(lambda: script.written and script.values[-1] == {"id": 1, "n": 49})
    assert len(script.written) < 10


def test_it_goes_on_when_the_hub_was_started_anew(join: Join, own_hub: HubProcess) -> None:
    hub, script = join(own_hub), Script()
    feed = run(hub, hub.event("f6"), script)
    hub.event("f6").send(1)
    wait_for(lambda: script.values == [1])
    own_hub.kill()
    hub.event("f6").send(2)
    own_hub.start()
    hub.event("f6").send(3)
    wait_for(lambda: script.values == [1, 2, 3], said=lambda: (feed.status, script.values))


@pytest.fixture
def forgetful_hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub whose events keep five publications."""
    kept = '[namespaces.event]\nkind = "event"\nhistory_size = 5\nhistory_ttl_s = 60\nrecover = true\n'
    process = HubProcess(tmp_path, kept)
    process.start()
    yield process
    process.kill()


def test_what_the_log_does_not_have_any_more_is_told(
    join: Join, forgetful_hub: HubProcess, caplog: pytest.LogCaptureFixture
) -> None:
    hub, script = join(forgetful_hub), Script()
    feed = run(hub, hub.event("f7"), script)
    feed.stop()
    script.away = 2
    for number in range(20):
        hub.event("f7").send(number)
        assert hub.flush()  # one publication each
    run(hub, hub.event("f7"), script)
    wait_for(lambda: script.values == [15, 16, 17, 18, 19])
    assert "15 publications are lost" in caplog.text
    assert caplog.text.count("are lost") == 1


def test_what_is_no_rows_is_left_out_and_said(
    join: Join, own_hub: HubProcess, caplog: pytest.LogCaptureFixture
) -> None:
    hub, script = join(own_hub), Script()
    run(hub, hub.stream("f9"), script)

    def is_past(number: int) -> bool:
        return bool(hub.value("value:forwards/g/stream:f9").get()[1] == number)

    with open_line(own_hub) as line:
        rows: list[object] = [{"n": [1]}, {"time": ["abc"], "n": [2]}, {"time": [None], "n": [3]}]
        for data in rows:
            line.ask(publish={"channel": "stream:f9", "data": data})
        wait_for(lambda: script.values == [{"n": 1}, {"time": "abc", "n": 2}, {"time": None, "n": 3}])
        others: list[object] = [{"time": [1], "n": [1, 2]}, {"n": 5}, {"n": "x" * 5, "m": {}}]
        for number, data in enumerate(others, 4):
            line.ask(publish={"channel": "stream:f9", "data": data})
            wait_for(partial(is_past, number))
            assert f"has something that is no rows, at offset {number}: it is left out" in caplog.text
    hub.stream("f9").append(time=2.0, n=[4])
    wait_for(lambda: script.values[3:] == [{"time": 2.0, "n": 4}])


def test_missing_right_ends_it_with_the_reason(join: Join) -> None:
    hub = join(owner=False, caps={"event:f8": ["publish"], "value:*": ["subscribe", "publish"]})
    feed = hub.run(hub.event("f8"), into=Script())
    wait_for(lambda: feed.status.startswith("failed: PermissionDeniedError"), said=lambda: feed.status)


def test_what_is_neither_channel_nor_system_is_told(join: Join) -> None:
    hub = join()
    with pytest.raises(TypeError, match="can't bring a list into a Script"):
        hub.run([1], into=Script())
    with pytest.raises(TypeError, match="can't bring a Events into a str"):
        hub.run(hub.event("f9"), into="prices")  # type: ignore[arg-type]
