"""Columns out of anything, and back into frames."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.client.columns import split_rows, to_columns, with_time
from rtwidgets.client.durations import parse_duration
from rtwidgets.client.frames import Backend, build_frame, join_columns, newest_rows
from rtwidgets.errors import ColumnsError

WHERE = "'stream:x'"
MOMENT = datetime(2024, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
MS = 1_704_164_645_678


@pytest.mark.parametrize(
    "data",
    [
        {"time": [MOMENT, MOMENT], "n": [1, 2]},
        [{"time": MOMENT, "n": 1}, {"time": MOMENT, "n": 2}],
        {"time": np.array([MS, MS], "datetime64[ms]"), "n": np.array([1, 2])},
        {"time": [MS / 1000, MS / 1000], "n": range(1, 3)},
        pd.DataFrame({"time": [MOMENT, MOMENT], "n": [1, 2]}),
        pd.DataFrame({"time": pd.to_datetime([MS, MS], unit="ms"), "n": pd.array([1, 2], dtype="Int64")}),
        pl.DataFrame({"time": [MOMENT, MOMENT], "n": [1, 2]}),
        pl.DataFrame({"time": [MOMENT.replace(tzinfo=None)] * 2, "n": [1, 2]}),
        pa.table({"time": pa.array([MOMENT, MOMENT]), "n": [1, 2]}),
    ],
    ids=lambda data: type(data).__module__.split(".")[0],
)
def test_every_form_of_rows_gives_the_same_columns(data: object) -> None:
    columns = to_columns(data, where=WHERE)
    assert columns == {"time": [MS, MS], "n": [1, 2]}
    assert json.loads(msgspec.json.encode(columns)) == columns


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array(4), 4),
        (np.datetime64("1970-01-02"), 86_400_000),
        (np.datetime64("NaT"), None),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timestamp("1970-01-02"), 86_400_000),
        (Decimal("1.5"), 1.5),
        (Decimal("NaN"), None),
        (date(1970, 1, 2), 86_400_000),
        (MOMENT, MS),
        (math.nan, None),
        (-math.inf, None),
        (True, True),
        (None, None),
        ("text", "text"),
    ],
)
def test_cells_become_plain_json(cell: object, plain: object) -> None:
    (found,) = to_columns({"x": [cell]}, where=WHERE)["x"]
    assert found == plain and type(found) is type(plain)


@pytest.mark.parametrize("cell", [b"x", [1], {"a": 1}, timedelta(1), np.timedelta64(3), 1j, object()])
def test_cells_of_other_types_are_named(cell: object) -> None:
    with pytest.raises(ColumnsError, match=rf"'x' of 'stream:x' holds a {type(cell).__name__}"):
        to_columns([{"x": cell}], where=WHERE)


def test_naive_python_datetimes_are_local_time() -> None:
    naive = datetime(2024, 6, 1, 12)
    assert to_columns({"at": naive}, where=WHERE) == {"at": [round(naive.timestamp() * 1000)]}


def test_rows_with_different_columns_are_filled_with_null() -> None:
    assert to_columns([{"a": 1}, {"b": 2}], where=WHERE) == {"a": [1, None], "b": [None, 2]}


@pytest.mark.parametrize("bad", ["soon", True, MS])
def test_times_that_are_no_seconds_are_named(bad: object) -> None:
    with pytest.raises(ColumnsError, match="'time' of 'stream:x' holds"):
        to_columns({"time": bad}, where=WHERE)


def test_a_missing_time_column_is_now_and_a_missing_time_is_an_error() -> None:
    assert with_time({"x": [1, 2]}, 1.5) == {"time": [1500, 1500], "x": [1, 2]}
    with pytest.raises(ColumnsError, match="row 1"):
        with_time(to_columns({"time": [1, None]}, where=WHERE), 1.5)


def test_columns_with_names_that_become_the_same_text_are_refused() -> None:
    with pytest.raises(ColumnsError, match="same name"):
        to_columns({1: [1], "1": [2]}, where=WHERE)


@given(st.integers(1, 50), st.integers(1, 60))
def test_split_rows_keeps_every_row_in_order(count: int, parts: int) -> None:
    columns: dict[str, Any] = {"a": list(range(count)), "b": [str(n) for n in range(count)]}
    pieces = list(split_rows(columns, parts))
    assert len(pieces) <= parts
    assert join_columns(pieces) == columns


def test_joined_batches_with_different_columns_are_filled_with_null() -> None:
    joined = join_columns([{"a": [1]}, {"b": [2, 3]}, {"a": [4], "b": [5]}])
    assert joined == {"a": [1, None, None, 4], "b": [None, 2, 3, 5]}


def test_newest_rows_are_counted_from_the_newest_row() -> None:
    columns: dict[str, Any] = {"time": [1000, 3000, 2000, 4000], "n": [1, 2, 3, 4]}
    assert newest_rows(columns, 1.0) == {"time": [3000, 4000], "n": [2, 4]}
    assert newest_rows({"n": [1]}, 1.0) == {"n": [1]}


def _pandas_time(frame: Any) -> Any:
    return frame["time"].iloc[0].to_pydatetime()


def _polars_time(frame: Any) -> Any:
    return frame["time"][0]


def _arrow_time(frame: Any) -> Any:
    return frame["time"][0].as_py()


@pytest.mark.parametrize(
    ("backend", "time_of"), [("pandas", _pandas_time), ("polars", _polars_time), ("arrow", _arrow_time)]
)
def test_frames_have_datetimes_in_utc_and_nulls(backend: Backend, time_of: Callable[[Any], Any]) -> None:
    frame = build_frame({"time": [MS, MS + 1], "x": [1.5, None], "s": ["a", None]}, backend)
    assert time_of(frame) == MOMENT
    assert to_columns(frame, where=WHERE) == {"time": [MS, MS + 1], "x": [1.5, None], "s": ["a", None]}
    assert build_frame({}, backend).shape[0] == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m", 300), ("30s", 30), ("1h", 3600), ("2d", 172_800), ("250ms", 0.25), (" 1.5 h ", 5400), (7, 7)],
)
def test_durations_are_seconds(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("bad", ["", "5", "m", "-5m", "5 parsecs", -1, math.nan, math.inf, True])
def test_what_is_no_duration_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(bad)
    assert parse_duration(timedelta(minutes=1)) == 60
