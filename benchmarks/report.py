"""Tables from a record, in Markdown: `python -m benchmarks.report FILE` prints them again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .goals import GOALS, kib_per_stalled
from .results import Record, load
from .scenarios import PEACE, SCENARIOS, Attack, Idle, Kernel, Load, Scenario
from .servers import SERVERS

BUSY_GENERATOR = 0.9
DISTURBED = 0.1


def report(record: Record) -> str:
    """Return all tables of a record."""
    tables = [scenario_table(record, scenario) for scenario in SCENARIOS if not isinstance(scenario, Attack)]
    parts = [goals(record), *tables, attacks(record), notes(record)]
    return "\n".join(part for part in parts if part)


def goals(record: Record) -> str:
    """Return the table of goals, for those that were measured."""
    rows = [row for goal in GOALS if (row := goal.row(record)) is not None]
    return "### Ratios and goals\n\n" + table(("measure", "goal", "measured", "met"), rows) if rows else ""


def scenario_table(record: Record, scenario: Load | Idle | Kernel) -> str:
    """Return the figures of every server in a scenario; nothing when there are none."""
    match scenario:
        case Load():
            head, rows = _load_rows(record, scenario)
        case Idle():
            head = ("server", "KiB per connection")
            rows = [
                (title, f"{per / 1024:.1f}") for title, per in _each(record, scenario, "bytes_per_connection")
            ]
        case Kernel():
            head = ("server", "rows/s", "hub CPU µs per row")
            rows = [
                (title, f"{rate:,.0f}", f"{record.middle(scenario.name, 'hub', 'cpu_us') or 0:.3f}")
                for title, rate in _each(record, scenario, "rows_per_s")
            ]
    return f"### {scenario.title[0].upper()}{scenario.title[1:]}\n\n{table(head, rows)}" if rows else ""


def attacks(record: Record) -> str:
    """Return what each attack did; nothing when there were none."""
    rows: list[tuple[str, ...]] = []
    for scenario in SCENARIOS:
        if isinstance(scenario, Attack) and record.values(scenario.name, "hub", "ratio"):

            def middle(figure: str, name: str = scenario.name) -> float:
                return record.middle(name, "hub", figure) or 0.0

            between = f"{middle('ratio_low'):.2f}–{middle('ratio_high'):.2f}"
            rows.append(
                (
                    scenario.title,
                    f"{middle('ratio'):.2f}",
                    between,
                    f"{middle('p99_ms'):.1f}",
                    f"{middle('server_load'):.0%}",
                )
            )
    head = ("attack", "p99 over that without", "95 % interval", "p99 ms without", "server load")
    return f"### One hostile connection beside {PEACE.title}\n\n{table(head, rows)}" if rows else ""


def _each(record: Record, scenario: Scenario, figure: str) -> Iterator[tuple[str, float]]:
    for server in SERVERS:
        value = record.middle(scenario.name, server.name, figure)
        if value is not None:
            yield server.title, value


def _load_rows(record: Record, load: Load) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    head: tuple[str, ...] = (
        "server",
        "deliveries/s",
        "over nats-server",
        "server CPU µs per delivery",
        "over nats-server",
        "p50 ms",
        "p99 ms",
        "undelivered",
        "server load",
        "generator load",
    )
    rows: list[tuple[str, ...]] = []
    for server in SERVERS:

        def middle(figure: str, name: str = server.name) -> float:
            return record.middle(load.name, name, figure) or 0.0

        if not record.values(load.name, server.name, "deliveries_per_s"):
            continue
        rows.append(
            (
                server.title,
                f"{middle('deliveries_per_s'):,.0f}",
                _ratio(middle("deliveries_per_s"), middle("deliveries_per_s", "nats")),
                f"{middle('cpu_us'):.2f}",
                _ratio(middle("cpu_us"), middle("cpu_us", "nats")),
                f"{middle('p50_ms'):,.1f}",
                f"{middle('p99_ms'):,.1f}",
                f"{middle('undelivered'):,.0f}",
                f"{middle('server_load'):.0%}",
                f"{middle('generator_load'):.0%}",
            )
        )
        if load.name == "stalled":
            per = kib_per_stalled(record, server.name)
            rows[-1] = (*rows[-1], "–" if per is None else f"{per:,.0f}")
    return ((*head, "KiB per stalled reader"), rows) if load.name == "stalled" else (head, rows)


def _ratio(value: float, base: float) -> str:
    return f"{value / base:.2f}" if base else "–"


def notes(record: Record) -> str:
    """Return a warning for every scenario and server whose figures are not what they seem."""
    lines = []
    for scenario in SCENARIOS:
        for server in SERVERS:
            where = f"{scenario.name}, {server.title}"
            generator = record.middle(scenario.name, server.name, "generator_load")
            if generator is not None and generator > BUSY_GENERATOR:
                lines.append(
                    f"WARNING: {where}: the load generator was the limit ({generator:.0%} of its core)."
                )
            disturbance = record.middle(scenario.name, server.name, "disturbance")
            if disturbance is not None and disturbance > DISTURBED:
                lines.append(
                    f"WARNING: {where}: others used {disturbance:.0%} of the server's core; repeat it."
                )
            for figure, what in (
                ("refusals", "publishes were refused"),
                ("closed", "connections were closed"),
            ):
                number = max(record.values(scenario.name, server.name, figure), default=0)
                if number:
                    lines.append(f"ERRORS: {where}: {number:,.0f} {what}.")
    return "\n".join(lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table: the first column to the left, numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join((first, *rest)) + " |"

    rule = (
        "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    )
    return "\n".join((line(head), rule, *map(line, rows))) + "\n"


if __name__ == "__main__":
    sys.stdout.write(report(load(Path(sys.argv[1]))))
