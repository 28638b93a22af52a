from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.widgets.flow import ALWAYS_CHANGED, Flow, chart_rows, table_changes
from benchmarks.widgets.timeline import STAMP_MS, chart_time


def test_newest_row_of_a_batch_tells_its_time() -> None:
    columns = chart_rows(1_795_486_150.0, 1_795_486_150.005, 1000)
    assert np.all(np.diff(columns["time"]) > 0)
    found = chart_time(1_795_486_150_006.0, columns["fine"][-1], columns["coarse"][-1])
    assert found == pytest.approx(1_795_486_150_005.0, abs=0.1)


def test_changes_are_of_different_rows_and_include_those_in_sight() -> None:
    columns = table_changes(1_795_486_150.005, 1000, 50)
    assert len(set(columns["id"])) == len(columns["id"]) <= 50
    assert set(range(ALWAYS_CHANGED)) <= set(columns["id"])
    assert set(columns["stamp"]) == {1_795_486_150_005 % STAMP_MS}


def test_flow_owes_rows_for_the_time_that_passed(tmp_path: Path) -> None:
    began = time.time()
    flow = Flow(10_000, str(tmp_path / "told.json"))
    total, last = 0, 0.0
    for _ in range(5):
        time.sleep(0.01)
        start, end, count = flow.due()
        assert start >= last
        total, last = total + count, end
    assert last <= time.time()
    assert total == pytest.approx((last - began) * 10_000, abs=50)
