"""Tables from a record of widgets: `python -m benchmarks.widgets.report FILE` prints them again."""

from __future__ import annotations

import sys
from pathlib import Path

from ..report import table
from ..results import Record, load
from .goals import GOALS
from .tasks import CONTESTANTS, TASKS, Task

FULL = 0.95
HEAD = (
    "widget",
    "sent/s",
    "painted/s",
    "frames/s",
    "age p50 ms",
    "age p99 ms",
    "page busy",
    "kernel or publisher",
    "hub",
    "browser",
    "machine",
)


def report(record: Record) -> str:
    """Return all tables of a record."""
    rows = [row for goal in GOALS if (row := goal.row(record)) is not None]
    goals = "### Goals\n\n" + table(("measure", "goal", "measured", "met"), rows) if rows else ""
    return "\n".join(
        part for part in (goals, *(task_table(record, task) for task in TASKS), notes(record)) if part
    )


def task_table(record: Record, task: Task) -> str:
    """Return the figures of every widget at a task; nothing when there are none."""
    rows = []
    for contestant in CONTESTANTS:

        def middle(figure: str, name: str = contestant.name) -> float:
            return record.middle(task.name, name, figure) or 0.0

        if not record.values(task.name, contestant.name, "fps"):
            continue
        aged = bool(record.values(task.name, contestant.name, "age_p50_ms"))
        rows.append(
            (
                contestant.title,
                f"{middle('sent_per_s'):,.0f}",
                f"{middle('painted_per_s'):,.0f}" if aged else "–",
                f"{middle('fps'):.1f}",
                f"{middle('age_p50_ms'):,.0f}" if aged else "–",
                f"{middle('age_p99_ms'):,.0f}" if aged else "–",
                f"{middle('page_busy'):.0%}",
                f"{middle('kernel_cpu') + middle('source_cpu'):.0%}",
                f"{middle('hub_cpu'):.0%}" if record.values(task.name, contestant.name, "hub_cpu") else "–",
                f"{middle('renderer_cpu') + middle('browser_cpu'):.0%}",
                f"{middle('machine_busy'):.0%}",
            )
        )
    return f"### {task.title}\n\n{table(HEAD, rows)}" if rows else ""


def notes(record: Record) -> str:
    """Return what was left out, and where the machine was the limit."""
    left_out = record.options.get("left_out", {})
    assert isinstance(left_out, dict)
    lines = [f"LEFT OUT: {where}: {why}" for where, why in left_out.items()]
    for task in TASKS:
        for contestant in CONTESTANTS:
            busy = record.middle(task.name, contestant.name, "machine_busy")
            if busy is not None and busy > FULL:
                where = f"{task.name}, {contestant.title}"
                lines.append(f"NOTE: {where}: the machine was the limit ({busy:.0%} of its cores).")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(report(load(Path(sys.argv[1]))) + "\n")
