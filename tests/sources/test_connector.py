"""What all systems have in common, with a reader that is written down and a real hub."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from rtwidgets.client.channel import Channel
from rtwidgets.client.feeds import Feed
from rtwidgets.client.hub import Hub
from rtwidgets.errors import ConfigError, HubError, SourceAwayError
from rtwidgets.sources.connector import Connector, Reading
from rtwidgets.sources.forward import Writer
from rtwidgets.sources.records import Record

from ..client.hub_process import HubProcess
from .conftest import Join, Watch, wait_for

Step = list[Record] | Exception


class Script:
    """A reader that gives what is written down, and notes what is done with it."""

    def __init__(self, *steps: Step, commit_faults: int = 0) -> None:
        self.steps = list(steps)
        self.committed: list[Any] = []
        self.opened = self.held = self.closed = 0
        self._commit_faults = commit_faults

    async def open(self, tell: Callable[[str], None]) -> Script:
        self.opened += 1
        return self

    async def take(self) -> list[Record]:
        if not self.steps:
            await asyncio.sleep(0.01)
            return []
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def commit(self, records: list[Record]) -> None:
        if self._commit_faults:
            self._commit_faults -= 1
            raise SourceAwayError("can't be committed")
        self.committed += [record.mark for record in records]

    async def hold(self) -> None:
        self.held += 1

    async def close(self) -> None:
        self.closed += 1


def record(mark: int, value: object, key: str | None = None) -> Record:
    data = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    return Record(mark, f"message {mark}", data, None if key is None else key.encode())


def connector(script: Script, reading: Reading) -> Connector:
    async def open_writer() -> Writer:
        raise AssertionError("nothing is written here")

    return Connector("a script", script.open, reading, open_writer, "g")


def feed_of(script: Script, hub: Hub, into: Channel, **options: Any) -> Feed:
    reading = Reading(**{"decode": "json", "decode_key": "text", "key": "", "on_error": "stop", **options})
    return hub.run(connector(script, reading), into=into)


def test_table_takes_rows_and_removals_in_order_and_keeps_what_a_row_does_not_say(join: Join) -> None:
    hub = join()
    table = hub.table("c1", key="id")
    records = [
        record(1, {"id": "a", "x": 1, "y": 1}),
        record(2, {"x": 2, "y": 2}, "b"),
        record(3, {"x": 3}, "a"),
        record(4, None, "b"),
        record(5, {"y": 5}, "b"),
        record(6, 6, "c"),
    ]
    script = Script(records)
    feed = feed_of(script, hub, table)
    wait_for(lambda: script.committed == [1, 2, 3, 4, 5, 6], said=lambda: feed.status)
    found = {
        row.pop("id"): {name: cell for name, cell in row.items() if cell is not None} for row in table.rows()
    }
    assert found == {"a": {"x": 3, "y": 1}, "b": {"y": 5}, "c": {"value": 6}}


def test_stream_takes_what_was_read_at_once_as_one_publication(join: Join, watch: Watch) -> None:
    hub, watcher = join(), watch("stream:c2")
    script = Script([record(1, {"time": 5, "x": 1}), record(2, 2.5, "k"), record(3, None, "k")])
    feed_of(script, hub, hub.stream("c2"), key="sensor")
    wait_for(lambda: watcher.seen)
    (batch,) = watcher.seen
    assert batch["time"][0] == 5000 and batch["time"][1] > 1e12
    assert (batch["x"], batch["value"], batch["sensor"]) == ([1, None], [None, 2.5], [None, "k"])


def test_events_are_sent_one_by_one_and_a_value_takes_the_last(join: Join, watch: Watch) -> None:
    hub, events, values = join(), watch("event:c3"), watch("value:c3")
    first, second = Script([record(1, {"n": 1}), record(2, [2])]), Script([record(n, n) for n in range(100)])
    feed_of(first, hub, hub.event("c3"))
    feed_of(second, hub, hub.value("c3"))
    wait_for(lambda: events.seen == [{"n": 1}, [2]] and values.seen == [99], said=lambda: values.seen)


@pytest.mark.parametrize(
    ("name", "bad"),
    [("garbled", b"{secret"), ("list", [1]), ("nested", {"x": {"secret": 1}}), ("key", {"id": 1.5})],
)
def test_bad_message_stops_the_feed_with_nothing_published(
    join: Join, name: str, bad: object, caplog: pytest.LogCaptureFixture
) -> None:
    hub = join()
    table = hub.table(f"c4{name}", key="id")
    script = Script([record(1, {"id": 1}), record(2, bad, "k"), record(3, {"id": 3})])
    feed = feed_of(script, hub, table)
    wait_for(lambda: feed.status.startswith("failed: SourceError: message 2 of a script can't be used"))
    assert (script.committed, script.closed, table.rows()) == ([], 1, [])
    wait_for(lambda: "message 2" in caplog.text)
    assert "secret" not in caplog.text + feed.status
    assert feed.source.fault is not None


def test_bad_messages_are_left_out_and_counted_where_that_is_wanted(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    hub = join()
    table = hub.table("c5", key="id")
    bad = [record(n, b"{secret") for n in range(10, 20)]
    script = Script([record(1, {"id": 1}), record(2, {"x": 2}), *bad, record(3, {"id": 3})], bad)
    with caplog.at_level(logging.WARNING):
        feed = feed_of(script, hub, table, on_error="skip")
        wait_for(lambda: len(script.committed) == 23, said=lambda: feed.status)
    assert [row["id"] for row in table.rows()] == [1, 3]
    assert (feed.source.published, feed.source.skipped) == (2, 21)
    # The 1st, 2nd, 4th, 8th and 16th.
    assert caplog.text.count("is left out") == 5 and "secret" not in caplog.text


def test_system_that_goes_away_is_opened_again(join: Join, watch: Watch) -> None:
    hub, watcher = join(), watch("event:c6")
    script = Script([record(1, 1)], SourceAwayError("gone for tea"), [record(2, 2)])
    feed = feed_of(script, hub, hub.event("c6"))
    wait_for(lambda: feed.status == "waiting: gone for tea")
    wait_for(lambda: watcher.seen == [1, 2] and script.committed == [1, 2])
    assert (script.opened, script.closed, feed.status) == (2, 1, "running")


def test_commit_that_fails_is_done_again_and_nothing_is_published_twice(join: Join, watch: Watch) -> None:
    hub, watcher = join(), watch("event:c7")
    script = Script([record(1, 1)], [record(2, 2)], commit_faults=2)
    feed_of(script, hub, hub.event("c7"))
    wait_for(lambda: script.committed == [1, 2])
    wait_for(lambda: len(watcher.seen) >= 2)
    assert watcher.seen == [1, 2] and script.opened == 1


def test_stop_lets_a_commit_end_that_has_begun(join: Join) -> None:
    class Slow(Script):
        has_begun = False

        async def commit(self, records: list[Record]) -> None:
            self.has_begun = True
            await asyncio.sleep(0.3)
            await super().commit(records)

    hub, script = join(), Slow([record(1, 1)])
    feed = feed_of(script, hub, hub.event("c10"))
    wait_for(lambda: script.has_begun)
    feed.stop()
    assert (script.committed, script.closed, feed.status) == ([1], 1, "stopped")


def test_while_the_hub_is_away_nothing_more_is_taken_and_the_place_is_held(
    join: Join, own_hub: HubProcess, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    hub, watcher = join(own_hub), watch("event:c8", own_hub)
    script = Script()
    feed = feed_of(script, hub, hub.event("c8"))
    own_hub.kill()
    wait_for(lambda: hub.state != "connected")
    script.steps += [[record(1, 1)], [record(2, 2)]]
    wait_for(lambda: script.held)
    assert (len(script.steps), script.committed) == (1, [])
    own_hub.start()
    wait_for(lambda: watcher.seen == [1, 2] and script.committed == [1, 2])
    own_hub.kill()
    script.steps.append([record(3, 3)])
    wait_for(lambda: not script.steps)
    feed.stop()  # does not wait for the hub
    assert feed.status == "stopped" and script.committed == [1, 2]
    started = time.monotonic()
    hub.close(timeout_s=10)  # nor does this: what was read and not published comes again
    assert time.monotonic() - started < 5 and "they are lost" not in caplog.text


def test_hub_that_refuses_for_good_ends_the_feed(join: Join) -> None:
    hub = join()
    script = Script()
    feed = feed_of(script, hub, hub.event("c9"))
    hub.portal.call_soon(hub._link.driver._end, HubError("stands for a token that was revoked"))
    script.steps.append([record(1, 1)])
    wait_for(lambda: feed.status.startswith("failed: HubError"), said=lambda: feed.status)
    assert script.committed == []


def test_source_without_a_channel_is_told_so(join: Join) -> None:
    script = Script([record(1, 1)])
    feed = join().run(connector(script, Reading("json", "text", "", "stop")))
    wait_for(lambda: feed.status.startswith("failed: ChannelError"))
    assert "hub.run(source, into=channel)" in feed.status and script.committed == []


def test_options_of_no_use_are_told() -> None:
    with pytest.raises(ConfigError, match="on_error is 'ignore': use 'stop' or 'skip'"):
        Reading("json", "text", "", "ignore")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="decode is 'xml': use 'json', 'text' or a function"):
        Reading("xml", "text", "", "stop")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="decode_key is None"):
        Reading("json", None, "", "stop")  # type: ignore[arg-type]
