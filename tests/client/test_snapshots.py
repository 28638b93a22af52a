from __future__ import annotations

import logging

import pytest

from rtwidgets.client.snapshots import CHANNELS_AT_A_TIME, read_snapshots

from .conftest import Join, eventually
from .hub_process import HubProcess, token


def test_snapshots_are_what_a_late_joiner_gets(join: Join) -> None:
    hub = join()
    stream, table, value = hub.stream("snap/a"), hub.table("snap/a", key="id"), hub.value("snap/a")
    stream.append(time=[1.0, 2.0], n=[1, 2])
    table.upsert(id=[1, 2], who=["ann", "bob"])
    value.set({"at": 3})
    hub.chat("snap/a").say("hello")
    hub.event("snap/a").send({"level": "info"})
    hub.flush()
    found = read_snapshots(hub, [f"{kind}:snap/a" for kind in ("stream", "table", "value", "chat", "event")])
    assert found["stream:snap/a"]["batches"] == [{"time": [1000, 2000], "n": [1, 2]}]
    assert found["table:snap/a"]["key"] == "id"
    assert found["table:snap/a"]["rows"]["who"] == ["ann", "bob"]
    assert found["value:snap/a"]["value"] == {"at": 3}
    assert [message["text"] for message in found["chat:snap/a"]["messages"]] == ["hello"]
    assert [item["data"] for item in found["event:snap/a"]["publications"]] == [{"level": "info"}]


def test_reading_leaves_what_the_hub_object_follows_alone(join: Join) -> None:
    hub = join()
    seen: list[object] = []
    value = hub.value("snap/followed")
    value.on_change(seen.append)
    value.set(1)
    eventually(lambda: seen == [1])
    assert read_snapshots(hub, [value.name])[value.name]["value"] == 1
    value.set(2)
    eventually(lambda: seen == [1, 2])


def test_channel_that_the_hub_refuses_is_left_out_and_said(
    running_hub: HubProcess, join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    join().value("snap/mine").set(1)
    narrow = token(caps={"value:snap/mine": ["subscribe"]})
    hub = join(own_token=narrow)
    with caplog.at_level(logging.WARNING):
        found = read_snapshots(hub, ["value:snap/mine", "stream:snap/theirs"])
    assert found.keys() == {"value:snap/mine"}
    assert "channel 'stream:snap/theirs' is left out: permission denied" in caplog.text


def test_many_channels_come_at_once(join: Join) -> None:
    names = [f"value:snap/{n:03d}" for n in range(CHANNELS_AT_A_TIME * 2 + 50)]
    assert read_snapshots(join(), [*names, *names]).keys() == set(names)
    assert read_snapshots(join(), []) == {}


def test_large_table_comes_in_pieces_and_is_whole_and_in_order(join: Join) -> None:
    hub = join()
    table, count = hub.table("snap/large", key="id"), 20_000
    table.upsert(id=list(range(count)), text=["x" * 40] * count)
    table.upsert(id=[5], text=["changed"])
    table.remove(7)
    # As for rows, the hub takes so many keys at once.
    table.remove(*range(count, count + 3_000))
    hub.flush()
    late = join().table("snap/large", key="id")
    heard: list[object] = []
    late.on_change(heard.append)
    keys = [key for key in range(count) if key != 7]
    rows = late.rows()
    assert [row["id"] for row in rows] == keys and rows[5]["text"] == "changed"
    assert heard == []  # what was there is no news
    table.upsert(id=[6], text=["too"])
    eventually(lambda: late.rows()[6]["text"] == "too" and len(heard) == 1)
    found = read_snapshots(hub, [table.name])[table.name]
    assert found["key"] == "id" and found["rows"]["id"] == keys


def test_what_a_stream_keeps_is_no_news_and_what_follows_is(join: Join) -> None:
    hub = join()
    stream, other = hub.stream("snap/news"), join().stream("snap/news")
    stream.append(n=[1, 2])
    hub.flush()
    heard: list[object] = []
    other.on_data(lambda batch: heard.append(batch["n"]))
    found = read_snapshots(hub, [stream.name])[stream.name]
    assert [batch["n"] for batch in found["batches"]] == [[1, 2]]
    eventually(lambda: other._settled.is_set())
    stream.append(n=3)
    eventually(lambda: heard == [[3]])
