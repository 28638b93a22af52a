"""Every scenario, scaled down, on the hub: what was published arrives, and is counted right."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from benchmarks.__main__ import run
from benchmarks.hostile import interval
from benchmarks.process_stats import idle_s
from benchmarks.scenarios import ATTACKS, SCENARIOS, Attack, Idle, Kernel, Load
from benchmarks.servers import SERVERS

ROOT = Path(__file__).resolve().parents[2]
HUB = SERVERS[0]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="the benchmarks need two cores"),
]


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if isinstance(s, Load)], ids=lambda s: s.name)
def test_load_delivers_and_counts_every_message(scenario: Load) -> None:
    small = dataclasses.replace(
        scenario,
        subscribers=min(scenario.subscribers, 20),
        channels=min(scenario.channels, 10),
        channels_each=min(scenario.channels_each, 5),
        rate=scenario.rate and min(scenario.rate, 200),
        settle_s=min(scenario.settle_s, 0.5),
        stalled=min(scenario.stalled, 5),
    )
    figures = run(HUB, small, 1, ROOT)
    assert figures["undelivered"] == figures["refusals"] == figures["closed"] == 0
    assert 0 < figures["p50_ms"] <= figures["p99_ms"]
    assert figures["deliveries_per_s"] == pytest.approx(figures["published_per_s"] * small.fan_out, rel=0.3)
    if small.rate is not None:
        assert figures["published_per_s"] == pytest.approx(small.rate, rel=0.2)


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if isinstance(s, Idle)], ids=lambda s: s.name)
def test_idle_connection_costs_memory(scenario: Idle) -> None:
    figures = run(HUB, dataclasses.replace(scenario, connections=300), 1, ROOT)
    assert 1024 < figures["bytes_per_connection"] < 1024 * 1024


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if isinstance(s, Kernel)], ids=lambda s: s.name)
def test_kernel_publishes_rows(scenario: Kernel) -> None:
    figures = run(HUB, scenario, 1, ROOT)
    assert figures["rows_per_s"] > 1000


def test_attack_is_measured_beside_its_absence() -> None:
    figures = run(HUB, Attack("attacked", "", ATTACKS[0], pairs=2), 0.6, ROOT)
    assert 0 < figures["ratio_low"] <= figures["ratio"] <= figures["ratio_high"]
    assert figures["p99_ms"] > 0 and figures["server_load"] > 0


@pytest.mark.parametrize(
    ("count", "cut"), [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (15, 3), (20, 5)]
)
def test_interval_of_a_median_is_that_of_the_sign_test(count: int, cut: int) -> None:
    values = [float(number) for number in range(count)]
    assert interval(values[::-1]) == (cut, count - 1 - cut)


def test_cores_that_are_not_there_are_named() -> None:
    with pytest.raises(ValueError, match="no core 9999"):
        idle_s(9999)
