"""The soak in small: what is planted is found, what is not is not, and what it can't tell it says."""

from __future__ import annotations

import math
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import pytest

from .judge import MIB, growth, growth_in_steps
from .run import WATCHED, soak

SECONDS = 30.0
LEAKING = Path(__file__).with_name("leaking_hub.py")


def test_growth_is_found_with_its_error() -> None:
    at = [float(n) for n in range(1200)]
    noise = [MIB * 0.05 * math.sin(n * 0.9) for n in range(1200)]
    found = growth(at, [30 * MIB + 4 * MIB * t / 3600 + noise[n] for n, t in enumerate(at)])
    assert abs(found.per_hour / MIB - 4) < 0.1 and found.error / MIB < 0.1
    flat = growth(at, [30 * MIB + rest for rest in noise])
    assert flat.least < 0 < flat.most < 0.1 * MIB
    # A step is no slope that one could be sure of.
    step = growth(at, [30 * MIB + (MIB if t > 900 else 0) for t in at])
    assert step.error > step.per_hour / 2


def test_what_moves_in_steps_is_called_growing_only_where_it_grows() -> None:
    rng = random.Random(7)
    at = [float(n) for n in range(840)]

    def walk(per_hour: float) -> list[float]:
        steps = (rng.choice([-65_536, 65_536]) if rng.random() < 0.02 else 0 for _ in at)
        return [40 * MIB + sum_ + per_hour * t / 3600 for t, sum_ in zip(at, accumulate(steps), strict=True)]

    flat = [walk(0) for _ in range(200)]
    assert sum(growth(at, figures).least > 0 for figures in flat) > 50
    assert sum(growth_in_steps(at, figures).least > 0 for figures in flat) < 20
    assert all(growth_in_steps(at, walk(12 * MIB)).least > 1 * MIB for _ in range(50))


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_planted_leak_is_found(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("watched", "leaking")]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor() as pool:
        whole, leaking = pool.map(soak, folders, [SECONDS] * 2, [WATCHED, LEAKING])
    # Less than a minute is too short to tell of less; `make soak` takes twenty.
    for report, is_leaking in ((whole, False), (leaking, True)):
        assert any("tasks" in fault for fault in report.faults) is is_leaking, report.text()
        assert any("descriptors" in fault for fault in report.faults) is is_leaking, report.text()
    assert leaking.held.least > 300 * MIB > whole.held.most, whole.text() + leaking.text()
    assert "memory grows" in leaking.faults
