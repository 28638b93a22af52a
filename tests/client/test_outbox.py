"""The publish buffer: order, bounds, numbers."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from rtwidgets.client.outbox import BATCHES_IN_FLIGHT, Batch, Item, Outbox, Whole, rows_item

LIMIT = 2_000


ARCHIVED = ("stream:a", "value:c")


class Hub:
    """What the real hub does with batches: remember the last number, publish what is new.

    Channels with an archive each remember their own, and take nothing while that is away; what comes behind a
    batch that they did not take has to wait for it.
    """

    def __init__(self) -> None:
        self.last = 0
        self.is_away = False
        self.published: dict[str, list[object]] = {}
        self._last: dict[str, int] = {}
        self._owed: dict[str, set[int]] = {channel: set() for channel in ARCHIVED}

    def take(self, batch: Batch) -> set[int]:
        """Publish, and return the indexes of items that have to come again."""
        payload = json.loads(batch.payload)
        assert payload["producer"] == "p" and payload["seq"] == batch.seq
        is_new = batch.seq > self.last
        self.last = max(self.last, batch.seq)
        again = set()
        took: set[str] = set()
        for index, item in enumerate(payload["items"]):
            channel = item["channel"]
            if channel in ARCHIVED:
                owed = self._owed[channel]
                if self.is_away or (owed and batch.seq > min(owed)):
                    owed.add(batch.seq)
                    again.add(index)
                    continue
                owed.discard(batch.seq)
                if batch.seq <= self._last.get(channel, 0) and channel not in took:
                    continue
                took.add(channel)
                self._last[channel] = batch.seq
            elif not is_new:
                continue
            rows = item["data"]["n"] if isinstance(item["data"], dict) else [item["data"]]
            self.published.setdefault(channel, []).extend(rows)
        return again


def item_of(channel: str, number: int) -> Item:
    if channel == "stream:a":
        return rows_item(channel, {"n": [number]})
    if channel == "stream:b":  # every third row has other columns and can't be joined
        return rows_item(channel, {"n": [number], "m": [0]} if number % 3 == 0 else {"n": [number]})
    return Whole(channel, str(number).encode(), latest_only=channel == "value:c")


step = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(["stream:a", "stream:b", "value:c", "event:d"])),
    st.tuples(st.just("send"), st.integers(1, BATCHES_IN_FLIGHT)),
    st.tuples(st.just("ack"), st.integers(1, 4)),
    st.tuples(st.just("cut"), st.booleans()),
    st.tuples(st.just("away"), st.booleans()),
    st.tuples(st.just("resume"), st.booleans()),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(step, max_size=120))
def test_any_sequence_of_puts_sends_acks_and_cuts_publishes_each_row_once_in_order(
    steps: list[tuple[str, object]],
) -> None:
    outbox, hub = Outbox("p", max_bytes=3_000, max_items=40), Hub()
    accepted: dict[str, list[object]] = {}
    on_wire: list[Batch] = []  # sent, the hub has not read them yet
    unacked: list[tuple[Batch, set[int]]] = []  # the hub has read them, we have not heard of it
    for number, (what, argument) in enumerate(steps):
        if what == "put":
            channel = str(argument)
            if outbox.put(item_of(channel, number), LIMIT):
                accepted.setdefault(channel, []).append(number)
        elif what == "send":
            for _ in range(int(str(argument))):
                if (batch := outbox.next(LIMIT)) is not None:
                    on_wire.append(batch)
        elif what == "ack":
            for _ in range(int(str(argument))):
                if on_wire:
                    unacked.append((on_wire[0], hub.take(on_wire.pop(0))))
            if unacked:
                batch, again = unacked.pop(0)
                if again:
                    outbox.postpone(batch.seq, again)
                else:
                    outbox.acknowledge(batch.seq)
        elif what == "away":
            hub.is_away = bool(argument)
        elif what == "resume":
            outbox.resume()
        else:
            if argument and on_wire:  # the hub read one more before the cut, its answer is lost
                hub.take(on_wire[0])
            on_wire.clear()
            unacked.clear()
            outbox.rewind()
        assert 0 <= outbox.bytes <= 3_000 and 0 <= outbox.items <= 40
    outbox.rewind()
    hub.is_away = False
    while (batch := outbox.next(LIMIT)) is not None:
        assert not hub.take(batch)
        outbox.acknowledge(batch.seq)
    assert outbox.empty and outbox.bytes == 0 and outbox.items == 0
    for channel in ("stream:a", "stream:b", "event:d"):
        assert hub.published.get(channel, []) == accepted.get(channel, [])
    values, sets = hub.published.get("value:c", []), accepted.get("value:c", [])
    assert values[-1:] == sets[-1:]
    assert [value for value in sets if value in values] == values


def test_rows_of_one_stream_are_joined_into_one_publication() -> None:
    outbox = Outbox("p")
    for n in range(100):
        outbox.put(rows_item("stream:a", {"time": [n], "name": [f'"{n}",']}), 65_000)
    batch = outbox.next(65_000)
    assert batch is not None and batch.count == 100
    (item,) = json.loads(batch.payload)["items"]
    assert item == {
        "channel": "stream:a",
        "data": {"time": list(range(100)), "name": [f'"{n}",' for n in range(100)]},
    }


def test_only_so_many_batches_are_in_flight() -> None:
    outbox = Outbox("p")
    for _ in range(BATCHES_IN_FLIGHT + 3):
        outbox.put(Whole("event:a", b'"' + b"x" * LIMIT + b'"'), LIMIT)
    batches = [outbox.next(LIMIT) for _ in range(BATCHES_IN_FLIGHT + 1)]
    assert batches[-1] is None and all(batches[:-1])
    assert outbox.acknowledge(1) is batches[0]
    assert outbox.next(LIMIT) is not None


def test_rewound_batches_keep_number_and_payload() -> None:
    outbox = Outbox("p")
    outbox.put(Whole("event:a", b"1"), LIMIT)
    first = outbox.next(LIMIT)
    outbox.put(Whole("event:a", b"2"), LIMIT)
    outbox.rewind()
    again, second = outbox.next(LIMIT), outbox.next(LIMIT)
    assert again is first and again is not None and second is not None
    assert (again.seq, second.seq) == (1, 2)


def test_channel_that_the_hub_can_not_take_for_now_holds_back_no_other() -> None:
    outbox = Outbox("p")
    outbox.put(Whole("event:a", b"1"), LIMIT)
    first = outbox.next(LIMIT)
    assert first is not None
    assert outbox.postpone(first.seq, [0, 7]) is first
    for channel, data in (("event:a", b"2"), ("event:b", b"3"), ("event:a", b"4")):
        outbox.put(Whole(channel, data), LIMIT)
    other = outbox.next(LIMIT)
    assert other is not None and other.channels == ["event:b"] and outbox.next(LIMIT) is None
    outbox.acknowledge(other.seq)
    assert outbox.waits("event:a") and not outbox.empty
    outbox.resume()
    assert outbox.next(LIMIT) is first and outbox.next(LIMIT) is None
    outbox.acknowledge(first.seq)
    rest = outbox.next(LIMIT)
    assert rest is not None
    assert [item["data"] for item in json.loads(rest.payload)["items"]] == [2, 4]
    outbox.acknowledge(rest.seq)
    assert outbox.empty and (outbox.bytes, outbox.items) == (0, 0)


def test_waits_until_the_last_item_of_a_channel_is_acknowledged() -> None:
    outbox = Outbox("p")
    outbox.put(Whole("event:a", b"1"), LIMIT)
    assert outbox.waits("event:a") and not outbox.waits("event:b")
    batch = outbox.next(LIMIT)
    assert outbox.waits("event:a") and batch is not None
    outbox.acknowledge(batch.seq)
    assert not outbox.waits("event:a")


def test_a_full_buffer_still_takes_a_newer_value_of_the_same_size() -> None:
    outbox = Outbox("p", max_bytes=100)
    assert outbox.put(Whole("value:a", b"1", latest_only=True), LIMIT)
    assert not outbox.put(Whole("event:b", b"1"), LIMIT)
    assert outbox.put(Whole("value:a", b"2", latest_only=True), LIMIT)
    batch = outbox.next(LIMIT)
    assert batch is not None and json.loads(batch.payload)["items"] == [{"channel": "value:a", "data": 2}]
