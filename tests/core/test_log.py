from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.core.log import MAX_JOINED, ChannelLog


def make_log(
    *, size: int = 10, ttl_s: float = 100.0, window: int = 10, max_bytes: int = 1 << 20
) -> ChannelLog:
    return ChannelLog("c", "e", history_size=size, history_ttl_s=ttl_s, window=window, max_bytes=max_bytes)


def offsets(frame: bytes) -> list[int]:
    return [msgspec.json.decode(line)["push"]["pub"]["offset"] for line in frame.split(b"\n")]


def test_publication_keeps_data_offset_time_and_info() -> None:
    log = make_log()
    log.extend([b'{"a":1}'], now=12.5, info=b'{"user":"ann"}')
    (publication,) = log.publications(1, 2)
    assert msgspec.json.decode(publication) == {
        "data": {"a": 1},
        "offset": 1,
        "time": 12500,
        "info": {"user": "ann"},
    }


@given(
    count=st.integers(1, 200),
    window=st.integers(1, 50),
    size=st.integers(0, 50),
    max_bytes=st.integers(60, 4000),
    piece=st.integers(1, 2000),
    together=st.sampled_from([1, 2, 70]),
)
def test_pieces_of_the_log_join_to_all_that_is_kept(
    count: int, window: int, size: int, max_bytes: int, piece: int, together: int
) -> None:
    log = make_log(size=size, window=window, max_bytes=max_bytes)
    for start in range(0, count, together):
        numbers = range(start, min(start + together, count))
        log.extend([b"%d" % number for number in numbers], now=float(start))
    assert log.top == count
    seen: list[int] = []
    after = log.first - 1
    while after < log.top:
        frame, after = log.read(after, piece)
        seen += offsets(frame)
        assert after == seen[-1]
        assert len(offsets(frame)) == 1 or len(frame) <= piece + len(seen)
    assert seen == list(range(log.first, count + 1))
    kept = len(seen)
    assert kept == 1 or kept <= max(window, size) * 9 // 8 + 1


@given(st.lists(st.floats(0, 50), max_size=40), st.floats(0, 200), st.integers(0, 30))
def test_history_shows_the_newest_that_are_young_enough(steps: list[float], wait: float, size: int) -> None:
    log = make_log(size=size, ttl_s=60.0, window=100)
    now, times = 0.0, []
    for step in steps:
        now += step
        times.append(now)
        log.extend([b"1"], now=now)
    now += wait
    young = [offset for offset, time in enumerate(times, 1) if time > now - 60.0]
    expected = young[-size:] if size else []
    assert list(range(log.visible_from(now), log.top + 1)) == expected


def test_readers_at_one_offset_share_the_joined_bytes() -> None:
    log = make_log()
    for _ in range(3):
        log.extend([b"1"], now=1.0)
    assert log.read(0, 1000)[0] is log.read(0, 1000)[0]


def test_joined_pieces_for_readers_at_many_places_are_not_kept() -> None:
    log = make_log(window=1_000)
    log.extend([b"1"] * 500, now=1.0)
    for offset in range(400):
        log.read(offset, 1_000)
    assert len(log._joined) <= MAX_JOINED
    # Those that came last still share.
    assert log.read(399, 1_000)[0] is log.read(399, 1_000)[0]


def test_clock_set_back_keeps_young_publications_visible() -> None:
    log = make_log(ttl_s=10.0)
    log.extend([b"1"], now=100.0)
    log.extend([b"2"], now=50.0)
    assert log.visible_from(105.0) == 1
