from __future__ import annotations

import pytest

from benchmarks.widgets.timeline import (
    COARSE_MS,
    FINE_MS,
    STAMP_MS,
    Paint,
    ages,
    chart_time,
    newer_only,
    percentile,
    stamp_time,
)

NOW_MS = 1_795_486_150_579.0


@pytest.mark.parametrize("age_ms", [0, 3, 124, 126, 251, 2_000, 15_900])
@pytest.mark.parametrize("misread", [-0.004, 0, 0.004])
def test_heights_of_both_lines_give_the_newest_rows_time(age_ms: float, misread: float) -> None:
    made = NOW_MS - age_ms
    fine, coarse = made % FINE_MS / FINE_MS, made % COARSE_MS / COARSE_MS
    assert chart_time(NOW_MS, fine, coarse + misread) == pytest.approx(made, abs=0.01)


def test_stamp_gives_the_time_across_its_wrap() -> None:
    wrap = NOW_MS // STAMP_MS * STAMP_MS
    assert stamp_time(wrap + 5, STAMP_MS - 7) == wrap - 7


def test_frame_that_shows_nothing_newer_is_no_paint() -> None:
    paints = [Paint(10, 5), Paint(26, 5.2), Paint(42, 3), Paint(58, 30)]
    assert newer_only(paints) == [Paint(10, 5), Paint(58, 30)]


def test_picture_that_stands_still_ages() -> None:
    seen = ages([Paint(0, -20), Paint(1000, 980)], 0, 1100)
    assert max(seen) == pytest.approx(1015)
    assert seen[-1] == pytest.approx(115)
    assert len(seen) == 220


def test_percentile_is_a_value_that_was_there() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7.0], 0.99)) == (50, 99, 7)
