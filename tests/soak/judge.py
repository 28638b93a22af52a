"""What the figures of a steady load say: how fast something grows, and how sure that is."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

# The first part of a soak is warm-up: logs, tables and pools fill.
WARM_UP = 0.3
# Samples that follow each other are not independent; means of so many parts of the time nearly are.
PARTS = 12
# Two standard errors of a slope, by Student's distribution with PARTS - 2 degrees of freedom: 95 %.
SURE = 2.23
MIB = 1 << 20


@dataclass(frozen=True)
class Growth:
    """A slope for an hour, and how far off it may be (95 %)."""

    per_hour: float
    error: float

    @property
    def least(self) -> float:
        return self.per_hour - self.error

    @property
    def most(self) -> float:
        return self.per_hour + self.error


def read(file: Path, start: float) -> dict[str, list[float]]:
    """Return each figure after the warm-up, in the order of time.

    Args:
        start: When the steady load began, by the monotonic clock.
    """
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    end = lines[-1]["at"]
    kept = [line for line in lines if line["at"] >= start + WARM_UP * (end - start)]
    return {name: [float(line[name]) for line in kept] for name in kept[0]}


def growth(at: list[float], figures: list[float]) -> Growth:
    """Fit a line to the means of equal parts of the time.

    Args:
        at: When each figure was taken, in seconds.
    """
    x, y = _parts(at, figures)
    slope, start = statistics.linear_regression(x, y)
    rest = math.fsum((b - start - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    spread = math.fsum((a - statistics.fmean(x)) ** 2 for a in x)
    return Growth(slope, SURE * math.sqrt(rest / (PARTS - 2) / spread))


def growth_in_steps(at: list[float], figures: list[float]) -> Growth:
    """The same of what moves in steps, as resident memory does.

    What a step adds stays in all parts that follow, so they are not independent, and the fit of a line thinks
    itself too sure: of walks that lead nowhere it calls more than one in four growing. What the parts differ
    by from one to the next is independent.
    """
    line = growth(at, figures)
    x, y = _parts(at, figures)
    steps = [after - before for before, after in pairwise(y)]
    of_steps = SURE * statistics.stdev(steps) / math.sqrt(len(steps)) / (x[1] - x[0])
    return Growth(line.per_hour, max(line.error, of_steps))


def _parts(at: list[float], figures: list[float]) -> tuple[list[float], list[float]]:
    """Return the hours and the means of equal parts of the time."""
    size = len(at) // PARTS
    parts = [slice(n * size, (n + 1) * size) for n in range(PARTS)]
    return [statistics.fmean(at[part]) / 3600 for part in parts], [
        statistics.fmean(figures[part]) for part in parts
    ]


def held_bytes(found: dict[str, list[float]]) -> list[float]:
    """Return what the hub's allocators have given out: malloc's bytes, and Python's blocks at 64 bytes each.

    A block of Python's has 16 to 512 bytes; with 64 on average all of them and malloc's bytes make about the
    resident memory of a hub.
    """
    of_both = zip(found["malloc_bytes"], found["python_blocks"], strict=True)
    return [malloc_bytes + 64 * blocks for malloc_bytes, blocks in of_both]
