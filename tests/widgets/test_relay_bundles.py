from __future__ import annotations

import pytest

from rtwidgets.widgets.relay_bundles import (
    MAX_BUNDLE_BYTES,
    MAX_SILENCE_S,
    MAX_UNACKED_BUNDLES,
    MAX_UNACKED_BYTES,
    Bundles,
)
from rtwidgets.widgets.relay_pace import Pace


def bundles(*pages: str) -> Bundles:
    made = Bundles()
    for page in pages:
        made.hello(page, 0.0)
    return made


def test_frames_that_wait_together_leave_as_one_buffer_joined_by_newlines() -> None:
    b = bundles("p")
    b.add_frame("p", "1", "{}")
    b.add_frame("p", "2", '{"x":2}')
    b.add_frame("p", "1", '{"text":"ü"}')
    bundle = b.take()
    assert bundle is not None
    assert bundle.events == [
        {"type": "frames", "page": "p", "conn": "1", "buffer": 0},
        {"type": "frames", "page": "p", "conn": "2", "buffer": 1},
    ]
    assert bundle.buffers == ['{}\n{"text":"ü"}'.encode(), b'{"x":2}']
    assert b.take() is None


def test_all_pages_share_one_bundle() -> None:
    b = bundles("p", "q")
    b.add_event("p", {"type": "opened", "conn": "1"})
    b.add_frame("q", "1", "{}")
    bundle = b.take()
    assert bundle is not None
    assert [event["page"] for event in bundle.events] == ["p", "q"]


def test_an_event_stays_behind_the_frames_of_its_connection_and_before_later_ones() -> None:
    b = bundles("p")
    b.add_frame("p", "1", "a")
    b.add_event("p", {"type": "closed", "conn": "1"})
    b.add_frame("p", "1", "b")
    bundle = b.take()
    assert bundle is not None
    assert [event["type"] for event in bundle.events] == ["frames", "closed", "frames"]
    assert bundle.buffers == [b"a", b"b"]


def test_a_large_backlog_leaves_in_several_bundles_in_order() -> None:
    b = bundles("p")
    half = "x" * (MAX_BUNDLE_BYTES // 2 + 1)
    for conn in "123":
        b.add_frame("p", conn, half)
    first, second = b.take(), b.take()
    assert first is not None and second is not None
    assert [event["conn"] for event in first.events] == ["1", "2"]
    assert [event["conn"] for event in second.events] == ["3"]
    assert (first.seq, second.seq) == (1, 2)


def test_a_page_that_does_not_acknowledge_bytes_stops_the_reading_until_it_does() -> None:
    b = bundles("p", "q")
    b.add_frame("p", "1", "x" * MAX_UNACKED_BYTES)
    assert not b.may_read("p"), "what waits counts too"
    assert b.may_read("q")
    bundle = b.take()
    assert bundle is not None
    assert not b.may_read("p")
    b.ack("p", bundle.seq)
    assert b.may_read("p")


def test_a_page_that_does_not_acknowledge_bundles_stops_the_reading() -> None:
    b = bundles("p")
    for _ in range(MAX_UNACKED_BUNDLES):
        assert b.may_read("p")
        b.add_frame("p", "1", "x")
        b.take()
    assert not b.may_read("p")
    b.ack("p", 1)
    assert b.may_read("p")


def test_an_acknowledgement_covers_every_bundle_before_it() -> None:
    b = bundles("p")
    for _ in range(3):
        b.add_frame("p", "1", "x")
        b.take()
    b.ack("p", 3)
    assert b.silent(MAX_SILENCE_S * 10) == []


def test_a_page_is_silent_only_while_it_owes_an_acknowledgement() -> None:
    b = bundles("p", "idle")
    b.add_frame("p", "1", "x")
    b.take()
    assert b.silent(MAX_SILENCE_S) == []
    assert b.silent(MAX_SILENCE_S + 0.1) == ["p"]
    assert b.heard("p", 50.0)
    assert b.silent(MAX_SILENCE_S + 0.1) == []


def test_a_forgotten_page_leaves_nothing_behind() -> None:
    b = bundles("p", "q")
    b.add_frame("p", "1", "x")
    b.add_event("q", {"type": "opened", "conn": "1"})
    b.forget("p")
    bundle = b.take()
    assert bundle is not None
    assert [event["page"] for event in bundle.events] == ["q"]
    assert not b.may_read("p")
    assert not b.heard("p", 1.0)


def test_the_pace_sends_at_once_when_idle_and_then_every_interval() -> None:
    pace = Pace(interval_s=0.5)
    assert pace.take(10.0) == 0.0
    assert pace.take(10.1) == pytest.approx(0.4)
    assert pace.take(10.5) == 0.0
    assert pace.take(99.0) == 0.0


def test_several_relays_together_keep_to_the_pace_of_the_kernel() -> None:
    pace = Pace()
    sent = sum(pace.take(step / 1_000) == 0.0 for step in range(10_000) for _relay in range(3))
    assert 290 <= sent <= 301
