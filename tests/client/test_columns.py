"""Columns out of anything, and back into frames."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
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

from rtwidgets.client import cells
from rtwidgets.client.columns import check_key, split_rows, to_columns, with_time
from rtwidgets.client.durations import parse_duration
from rtwidgets.client.frames import MAX_TIME_MS, Backend, build_frame, join_columns, row_times, rows_since
from rtwidgets.errors import ColumnsError, KeyColumnError

WHERE = "'stream:x'"
MOMENT = datetime(2024, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
MS = 1_704_164_645_678


@pytest.mark.parametrize(
    "data",
    [
        {"time": [MOMENT, MOMENT], "n": [1, 2]},
        [{"time": MOMENT, "n": 1}, {"time": MOMENT, "n": 2}],
        {
            "time": np.array([MOMENT.astimezone().replace(tzinfo=None)] * 2, "datetime64[ms]"),
            "n": np.array([1, 2]),
        },
        {"time": [MS / 1000, MS / 1000], "n": range(1, 3)},
        pd.DataFrame({"time": [MOMENT, MOMENT], "n": [1, 2]}),
        pd.DataFrame(
            {"time": pd.to_datetime([MS, MS], unit="ms", utc=True), "n": pd.array([1, 2], dtype="Int64")}
        ),
        pl.DataFrame({"time": [MOMENT, MOMENT], "n": [1, 2]}),
        pl.DataFrame({"time": [MOMENT.astimezone().replace(tzinfo=None)] * 2, "n": [1, 2]}),
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
        (pd.Timestamp("1970-01-02", tz="UTC"), 86_400_000),
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


NAIVE = datetime(2024, 6, 1, 12, 30, 0, 250_000)


@pytest.fixture
def far_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be where local time is not UTC."""
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone can't be changed")
@pytest.mark.parametrize("name", ["time", "at"])
@pytest.mark.parametrize(
    "make",
    [
        lambda name: {name: NAIVE},
        lambda name: {name: pd.Timestamp(NAIVE)},
        lambda name: {name: np.array([NAIVE], "datetime64[ns]")},
        lambda name: {name: np.array([NAIVE], "datetime64[ms]")},
        lambda name: {name: pd.Series([NAIVE])},
        lambda name: pd.DataFrame({name: [NAIVE]}),
        lambda name: pd.DataFrame({"n": [1]}, index=pd.DatetimeIndex([NAIVE], name=name)),
        lambda name: pl.DataFrame({name: [NAIVE]}),
        lambda name: pa.table({name: [NAIVE]}),
        lambda name: pa.table({name: pa.array([NAIVE], pa.timestamp("ns"))}),
    ],
)
def test_datetimes_without_a_zone_are_local_time_in_every_library(
    far_zone: None, make: Callable[[str], object], name: str
) -> None:
    local_ms = round(datetime(2024, 6, 1, 6, 45, 0, 250_000, tzinfo=UTC).timestamp() * 1000)
    assert to_columns(make(name), where=WHERE, is_stream=False)[name] == [local_ms]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone can't be changed")
@pytest.mark.parametrize(
    "column",
    [[date(2024, 6, 1)], np.array(["2024-06-01"], "datetime64[D]"), pl.Series([date(2024, 6, 1)])],
)
def test_dates_are_midnight_in_utc_everywhere(far_zone: None, column: object) -> None:
    midnight_ms = round(datetime(2024, 6, 1, tzinfo=UTC).timestamp() * 1000)
    assert to_columns({"day": column}, where=WHERE) == {"day": [midnight_ms]}


TIMES = pd.DatetimeIndex([MOMENT])


@pytest.mark.parametrize(
    ("frame", "stream", "table"),
    [
        (pd.DataFrame({"n": [1]}, index=TIMES), ["time", "n"], ["time", "n"]),
        (pd.DataFrame({"n": [1]}, index=TIMES.rename("time")), ["time", "n"], ["time", "n"]),
        (pd.DataFrame({"n": [1]}, index=TIMES.rename("Date")), ["time", "n"], ["Date", "n"]),
        (pd.DataFrame({"time": [MOMENT]}, index=TIMES.rename("time")), ["time"], ["time"]),
        (pd.DataFrame({"time": [MOMENT]}, index=TIMES.rename("Date")), ["Date", "time"], ["Date", "time"]),
        (pd.DataFrame({"n": [1]}, index=pd.Index(["a"], name="id")), ["id", "n"], ["id", "n"]),
        (pd.DataFrame({"n": [1]}, index=pd.Index(["a"])), ["n"], ["n"]),
        (pd.DataFrame({"n": [1]}), ["n"], ["n"]),
        (
            pd.DataFrame({"n": [1]}, index=pd.MultiIndex.from_arrays([["a"], TIMES], names=["id", None])),
            ["id", "time", "n"],
            ["id", "time", "n"],
        ),
    ],
)
def test_the_index_of_a_frame_becomes_columns(frame: object, stream: list[str], table: list[str]) -> None:
    found = to_columns(frame, where=WHERE)
    assert list(found) == stream
    assert found.get("time", [MS]) == [MS]
    assert list(to_columns(frame, where=WHERE, is_stream=False)) == table


def test_a_time_index_that_would_be_lost_is_an_error() -> None:
    with pytest.raises(ColumnsError, match="time index without a name"):
        to_columns(pd.DataFrame({"time": [1.0]}, index=TIMES), where=WHERE)
    with pytest.raises(ColumnsError, match="'time' of 'stream:x' holds a Period"):
        to_columns(pd.DataFrame({"n": [1.0]}, index=TIMES.tz_localize(None).to_period("D")), where=WHERE)


def test_a_key_that_may_be_the_index_is_hinted_at() -> None:
    frame = pd.DataFrame({"n": [1]}, index=["a"])
    columns = to_columns(frame, where="'table:x'", is_stream=False)
    with pytest.raises(KeyColumnError, match=r"no key column 'id'.*rename_axis\('id'\)"):
        check_key(columns, "id", table="table:x", data=frame)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]),
        pa.table([[1], [2], [3]], names=["a", "b", "a"]),
    ],
)
def test_columns_of_one_name_are_named(frame: object) -> None:
    with pytest.raises(ColumnsError, match="more than one column 'a': give"):
        to_columns(frame, where=WHERE)


@pytest.mark.parametrize("cell", [2**70, -(2**63) - 1])
def test_integers_beyond_64_bits_are_refused(cell: int) -> None:
    with pytest.raises(ColumnsError, match=r"'a' of 'stream:x' holds .*64 bits"):
        to_columns({"a": cell}, where=WHERE)
    assert to_columns({"a": 2**64 - 1}, where=WHERE) == {"a": [2**64 - 1]}


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


def test_nulls_of_joined_batches_are_bounded_and_what_most_rows_have_stays() -> None:
    rows: dict[str, Any] = {"time": [1] * 20_000, "price": [1.5] * 20_000}
    tall: dict[str, Any] = {"a": [0] * 60_000}
    wide: dict[str, Any] = {f"c{n}": [0] for n in range(2_000)}
    batches = [wide, rows, *[tall] * 2, {"late": [1]}]
    joined = join_columns(batches)
    count = 20_000 + 120_000 + 2
    assert {len(cells) for cells in joined.values()} == {count}
    cells = sum(map(len, joined.values()))
    assert 10_000_000 < cells <= 10_000_000 + 8 * (40_000 + 120_000 + 2_001)
    # Of the columns with one cell the wide publication's go first; all keep their order.
    assert list(joined)[-4:] == ["time", "price", "a", "late"] and next(iter(joined)) == "c0"
    # What is as wide and has few nulls is nobody's trick.
    dense: dict[str, Any] = {f"c{n}": [0] * 6_000 for n in range(2_000)}
    assert len(join_columns([dense])) == 2_000


def test_rows_of_the_last_seconds_are_counted_by_their_times() -> None:
    batch: dict[str, Any] = {"time": [1000, 3000, 2000, 4000], "n": [1, 2, 3, 4]}
    times = row_times(batch, 9000)
    assert times == [1000, 3000, 2000, 4000]
    assert rows_since(batch, times, 3000) == {"time": [3000, 4000], "n": [2, 4]}
    assert rows_since(batch, times, 5000) == {}


def test_rows_with_times_that_are_none_or_ahead_count_as_of_when_they_came() -> None:
    odd = [
        1e308,
        10**300,
        MAX_TIME_MS + 1,
        -1e300,
        math.nan,
        True,
        "soon",
        None,
        [1],
        5001,
        MAX_TIME_MS,
        4000,
    ]
    batch: dict[str, Any] = {"time": odd}
    assert row_times(batch, 5000) == [5000] * 11 + [4000]
    assert row_times({"n": [1, 2]}, 5000) == [5000] * 2 and row_times({}, 5000) == []


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


@pytest.mark.parametrize("bad", ["", "5", "m", "-5m", "5 parsecs", -1, math.nan, math.inf, True, None, b"5m"])
def test_what_is_no_duration_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(bad)
    assert parse_duration(timedelta(minutes=1)) == 60


NUMBERS = st.floats() | st.integers() | st.sampled_from([2**63, -(2**63), 2**64, 1e308, -1e308, 1e11, 2e11])
CELLS = st.lists(NUMBERS) | st.lists(st.text() | st.booleans() | st.none()) | st.lists(NUMBERS | st.none())


@given(CELLS, st.sampled_from(["time", "price"]))
def test_cells_of_a_column_are_what_each_is_alone(values: list[Any], name: str) -> None:
    alone = cells._time_ms if name == "time" else cells._plain

    def expected() -> list[cells.Cell]:
        return [alone(value, WHERE, name) for value in values]

    try:
        found = cells.plain_cells(values, where=WHERE, name=name)
    except ColumnsError as error:
        with pytest.raises(ColumnsError) as wanted:
            expected()
        assert str(wanted.value) == str(error)
    else:
        assert list(map(repr, found)) == list(map(repr, expected()))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "float64"])
def test_numpy_columns_become_plain_cells(dtype: str) -> None:
    array = np.array([0, 1, 1], dtype)
    found = cells.plain_cells(array, where=WHERE, name="x")
    assert found == [0, 1, 1] and {type(cell) for cell in found} <= {bool, int, float}
    (missing,) = cells.plain_cells(np.array([np.nan]), where=WHERE, name="x")
    assert missing is None
