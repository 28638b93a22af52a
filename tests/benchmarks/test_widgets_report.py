from __future__ import annotations

from pathlib import Path

from benchmarks.results import Record, Run, load
from benchmarks.widgets.report import report

LATEST = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "widgets-latest.json"


def run(task: str, contestant: str, **figures: float) -> Run:
    return Run(task, contestant, 0, {"fps": 40.0, "sent_per_s": 1.0, "machine_busy": 0.5, **figures})


def record(*runs: Run, left_out: dict[str, str] | None = None) -> Record:
    return Record(machine={}, options={"left_out": left_out or {}}, runs=list(runs))


def test_goal_is_met_or_not() -> None:
    text = report(record(run("chart-200k", "direct", age_p99_ms=120)))
    rows = {
        cells[1].strip(): cells[4].strip() for line in text.splitlines() if len(cells := line.split("|")) == 6
    }
    assert rows["LiveChart, direct, 200,000 rows/s: painted frames/s"] == "yes"
    assert rows["LiveChart, direct, 200,000 rows/s: p99 age on screen, ms"] == "no"


def test_what_could_not_be_seen_is_not_a_zero() -> None:
    line = next(
        line for line in report(record(run("chart-2k", "perspective"))).splitlines() if "Perspective" in line
    )
    assert [cell.strip() for cell in line.split("|")[3:7]] == ["–", "40.0", "–", "–"]


def test_what_was_left_out_is_named() -> None:
    text = report(record(left_out={"chart-2k, Panel and Bokeh": "nothing was drawn for 60 s"}))
    assert text == "LEFT OUT: chart-2k, Panel and Bokeh: nothing was drawn for 60 s"


def test_full_machine_is_said() -> None:
    assert "the machine was the limit (99%" in report(record(run("chart-2k", "direct", machine_busy=0.99)))
    assert "the machine was the limit" not in report(record(run("chart-2k", "direct")))


def test_committed_record_can_be_shown() -> None:
    assert "rtwidgets, direct" in report(load(LATEST))
