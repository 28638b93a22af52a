from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import report
from benchmarks.results import Record, Run, load

LATEST = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "latest.json"


def load_run(server: str, number: int, **figures: float) -> Run:
    usual = {
        "deliveries_per_s": 1000.0,
        "published_per_s": 10.0,
        "cpu_us": 1.0,
        "server_load": 0.5,
        "generator_load": 0.5,
        "disturbance": 0.0,
        "p50_ms": 1.0,
        "p99_ms": 2.0,
        "rss_growth": 0.0,
        "undelivered": 0.0,
        "refusals": 0.0,
        "closed": 0.0,
    }
    return Run("flood", server, number, {**usual, **figures})


def record(*runs: Run) -> Record:
    return Record(machine={}, options={}, runs=list(runs))


def test_goals_compare_medians_of_the_rounds() -> None:
    text = report(
        record(
            load_run("hub", 0, deliveries_per_s=100_000),
            load_run("hub", 1, deliveries_per_s=3_000),
            load_run("hub", 2, deliveries_per_s=1),
            load_run("nats", 0),
        )
    )
    line = next(line for line in text.splitlines() if "over nats-server's" in line)
    assert [cell.strip() for cell in line.split("|")[2:5]] == ["≥ 2.00", "3.00", "yes"]


def test_scenario_that_was_not_run_is_not_shown() -> None:
    assert "Steady" not in report(record(load_run("hub", 0)))


@pytest.mark.parametrize(
    ("figure", "value", "said"),
    [
        ("generator_load", 0.95, "the load generator was the limit"),
        ("disturbance", 0.4, "others used 40%"),
        ("refusals", 7, "7 publishes were refused"),
        ("closed", 2, "2 connections were closed"),
    ],
)
def test_doubtful_figures_are_marked(figure: str, value: float, said: str) -> None:
    assert said not in report(record(load_run("hub", 0)))
    assert said in report(record(load_run("hub", 0, **{figure: value})))


def test_attacks_have_a_table_of_their_own_and_the_worst_counts() -> None:
    figures = {"ratio_low": 0.9, "ratio_high": 1.5, "p99_ms": 5.0, "server_load": 0.3}
    ratios = {"ping_flood": 1.02, "rubbish": 1.2}
    text = report(
        record(*(Run(f"attacked-{name}", "hub", 0, {"ratio": r, **figures}) for name, r in ratios.items()))
    )
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    assert ["", "ping flood", "1.02", "0.90–1.50", "5.0", "30%", ""] in rows
    assert next(row for row in rows if "worst of all" in "".join(row))[2:5] == ["≤ 1.10", "1.20", "no"]


def test_record_survives_its_file(tmp_path: Path) -> None:
    kept = record(load_run("hub", 0), load_run("nats", 0))
    kept.save(tmp_path / "deep" / "record.json")
    assert load(tmp_path / "deep" / "record.json") == kept


def test_committed_record_can_be_shown() -> None:
    assert "rtwidgets hub" in report(load(LATEST))
