from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from rtwidgets.client.columns import Columns
from rtwidgets.errors import ColumnsError, ConfigError
from rtwidgets.sources import Replay, replay

GOOD = "time,price,symbol\n0,1,a\n0.1,2.5,b\n0.2,,a\n"


def write(tmp_path: Path, text: str, name: str = "prices.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


async def drain(source: Replay) -> list[Columns]:
    return [batch async for batch in source]


async def test_every_row_once_and_in_order_as_fast_as_possible(tmp_path: Path) -> None:
    text = "time,n\n" + "".join(f"{n},{n}\n" for n in range(2500))
    batches = await drain(replay(write(tmp_path, text), speed=None))
    assert [n for batch in batches for n in batch["n"]] == list(range(2500))
    assert max(len(batch["n"]) for batch in batches) == 1000


async def test_columns_take_the_type_of_their_cells(tmp_path: Path) -> None:
    text = "time,whole,real,text,mixed\n0,1,1.5,a,1\n1,,nan,,x\n"
    (batch,) = await drain(replay(write(tmp_path, text), speed=None))
    assert batch == {
        "time": [0.0, 1.0],
        "whole": [1, None],
        "real": [1.5, None],
        "text": ["a", None],
        "mixed": ["1", "x"],
    }


async def test_rows_come_at_their_own_pace(tmp_path: Path) -> None:
    started = time.monotonic()
    seen = [
        (cell, time.monotonic() - started)
        async for batch in replay(write(tmp_path, GOOD))
        for cell in batch["time"]
    ]
    assert [cell for cell, _ in seen] == [0.0, 0.1, 0.2]
    assert all(cell <= at + 0.001 for cell, at in seen if isinstance(cell, float))
    assert seen[-1][1] < 1.0


async def test_speed_multiplies_the_pace_and_may_change_on_the_way(tmp_path: Path) -> None:
    source = replay(write(tmp_path, "time,n\n0,0\n50,1\n5000,2\n"), speed=500.0)
    started = time.monotonic()
    seen = []
    async with asyncio.timeout(5):
        async for batch in source:
            seen += [(n, time.monotonic() - started) for n in batch["n"]]
            if batch["n"] == [1]:
                source.speed = None
    assert [n for n, _ in seen] == [0, 1, 2]
    assert seen[1][1] >= 0.099


async def test_a_change_of_speed_counts_from_where_the_replay_stands(tmp_path: Path) -> None:
    source = replay(write(tmp_path, "time,n\n0,0\n1000,1\n1001,2\n"), speed=None)
    seen = []
    async for batch in source:
        seen += batch["n"]
        source.speed = 1e6
    assert seen == [0, 1, 2]


@pytest.mark.parametrize(
    "cell", ["2026-01-31T00:00:00Z", "2026-01-31", "2026-01-31 01:00+01:00", "1769817600"]
)
def test_times_may_be_written_in_several_ways(tmp_path: Path, cell: str) -> None:
    source = replay(write(tmp_path, f"when,n\n{cell},1\n"), time="when")
    assert source._columns["time"] == [1769817600.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,n\n0,1\n", "has no column 'time'; columns are 'when', 'n'"),
        ("", "is empty"),
        ("time,n\n0,1\n5,2\n3,3\n", "line 4: 'time' goes back by 2 s"),
        ("time,n\n0,1\n1\n", "line 3 has 1 cells, the header names 2 columns"),
        ("time,n\n0,1\n1,2,3\n", "line 3 has 3 cells"),
        ("time,n\nsoon,1\n", "line 2: 'time' is 'soon'"),
        ("time,n\n,1\n", "line 2: 'time' is ''"),
        ("time,n\nnan,1\n", "line 2: 'time' is 'nan'"),
        ("time,n,n\n0,1,2\n", "names a column twice"),
        ('time,n\n0,"1\n', "line 2"),
    ],
)
def test_a_bad_file_is_told_by_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ColumnsError, match=said):
        replay(write(tmp_path, text))


def test_a_second_time_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ColumnsError, match="besides 'when'"):
        replay(write(tmp_path, "when,time\n0,1\n"), time="when")


def test_text_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes(b"time,town\n0,Z\xfcrich\n")
    with pytest.raises(ColumnsError, match="not UTF-8"):
        replay(path)


def test_a_missing_file_and_another_type_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*gone\.csv"):
        replay(tmp_path / "gone.csv")
    with pytest.raises(ConfigError, match=r"rows\.xlsx is neither"):
        replay(write(tmp_path, "x", "rows.xlsx"))


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan"), "fast", True])
def test_a_speed_that_is_no_pace_is_told(tmp_path: Path, speed: float) -> None:
    source = replay(write(tmp_path, GOOD))
    with pytest.raises(ConfigError, match="speed is"):
        source.speed = speed


async def test_no_rows_end_at_once(tmp_path: Path) -> None:
    assert await drain(replay(write(tmp_path, "time,n\n"))) == []


async def test_parquet_gives_the_same_rows(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "rows.parquet"
    when = pandas.to_datetime(["2026-01-31T00:00:00.000000001Z", "2026-01-31T00:00:01Z"], format="ISO8601")
    pandas.DataFrame({"time": when, "n": [1, 2], "text": ["a", None]}).to_parquet(path)
    (batch,) = await drain(replay(path, speed=None))
    assert batch == {"time": [1769817600.0, 1769817601.0], "n": [1, 2], "text": ["a", None]}


def test_parquet_that_is_none_or_holds_lists_is_told(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ColumnsError, match="no Parquet file"):
        replay(write(tmp_path, "hello", "fake.parquet"))
    pandas.DataFrame({"time": [0.0], "many": [[1, 2]]}).to_parquet(tmp_path / "lists.parquet")
    with pytest.raises(ColumnsError, match="'many' is of type list"):
        replay(tmp_path / "lists.parquet")


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"rtwidgets\[parquet\]"):
        replay(write(tmp_path, "x", "rows.parquet"))
