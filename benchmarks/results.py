"""The record of a benchmark: every run of every server, kept as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Run:
    """The figures of one scenario on one server in one round."""

    scenario: str
    server: str
    round: int
    figures: dict[str, float]


@dataclass(frozen=True)
class Record:
    """All runs and what they were made on.

    Args:
        options: How long each run was, and how many rounds there were.
    """

    machine: dict[str, object]
    options: dict[str, object]
    runs: list[Run]

    def middle(self, scenario: str, server: str, figure: str) -> float | None:
        """Return the median over the rounds; None when it was not measured."""
        values = self.values(scenario, server, figure)
        return median(values) if values else None

    def values(self, scenario: str, server: str, figure: str) -> list[float]:
        """Return the figure of every round."""
        return [
            run.figures[figure]
            for run in self.runs
            if run.scenario == scenario and run.server == server and figure in run.figures
        ]

    def save(self, path: Path) -> None:
        """Write the record as JSON."""
        document = {
            "machine": self.machine,
            "options": self.options,
            "runs": [vars(run) for run in self.runs],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1) + "\n")


def load(path: Path) -> Record:
    """Read a record that `save` wrote."""
    document = json.loads(path.read_text())
    return Record(document["machine"], document["options"], [Run(**run) for run in document["runs"]])
