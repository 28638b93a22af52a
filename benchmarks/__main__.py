"""Run the hub beside other servers under the same loads: `make bench`.

Servers run one at a time on core 0, the load generator on core 1. Rounds are interleaved, so that what else
the machine does hits all alike.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from .cores import await_quiet, take_generator_core
from .hostile import run_attack
from .kernel import run_kernel
from .machine import describe
from .measure import run_load
from .memory import run_idle
from .report import DISTURBED, report
from .results import Record, Run
from .scenarios import SCENARIOS, Attack, Idle, Kernel, Load, Scenario
from .servers import DEFENDED_HUB, SERVERS, Running, Server, ServerError, hub_token

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
ATTEMPTS = 3


def main() -> None:
    """Read the options, run everything, print and keep the results."""
    options = _options()
    # An end from outside leaves the `with` blocks too, and with them no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    scenarios = [s for s in SCENARIOS if not options.scenarios or s.name in options.scenarios]
    servers = [s for s in SERVERS if not options.servers or s.name in options.servers]
    take_generator_core()
    record = Record(
        machine=describe(options.hub_path),
        options={"seconds": options.seconds, "rounds": options.rounds},
        runs=[],
    )
    out = options.out or RESULTS / time.strftime("%Y-%m-%d-%H%M%S.json")
    missing: set[str] = set()
    for scenario in scenarios:
        hub_only = isinstance(scenario, Kernel | Attack)
        for number in range(options.rounds):
            for server in servers:
                if server.name in missing or (hub_only and server.name != "hub"):
                    continue
                try:
                    figures = _undisturbed(server, scenario, options)
                except ServerError as error:
                    _say(f"without {server.title}: {error}")
                    missing.add(server.name)
                    continue
                record.runs.append(Run(scenario.name, server.name, number, figures))
                record.save(out)
                _say(_line(scenario, server, number, figures))
    sys.stdout.write(report(record) + "\n")
    _say(f"kept in {out}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names, others = [s.name for s in SCENARIOS], [s.name for s in SERVERS]
    parser.add_argument("--scenarios", nargs="+", choices=names, help="all without it")
    parser.add_argument("--servers", nargs="+", choices=others, help="all without it")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument(
        "--seconds", type=float, default=4, help="measured time of a run, or of a pair of slices"
    )
    parser.add_argument("--patience-s", type=float, default=20, help="wait so long for a quiet machine")
    parser.add_argument("--hub-path", type=Path, default=ROOT, help="directory that rtwidgets is taken from")
    parser.add_argument("--out", type=Path, help="file for the results, instead of one in benchmarks/results")
    options = parser.parse_args()
    options.hub_path = options.hub_path.resolve()  # servers run in directories of their own
    if not (options.hub_path / "rtwidgets" / "server").is_dir():
        parser.error(f"--hub-path {options.hub_path} has no rtwidgets/server")
    return options


def _undisturbed(server: Server, scenario: Scenario, options: argparse.Namespace) -> dict[str, float]:
    """Run until other programs left the server's core alone, or a few times."""
    best: dict[str, float] = {}
    for _ in range(ATTEMPTS if options.patience_s else 1):
        if options.patience_s:
            await_quiet(options.patience_s)
        figures = run(server, scenario, options.seconds, options.hub_path)
        if not best or figures.get("disturbance", 0) < best.get("disturbance", 0):
            best = figures
        if best.get("disturbance", 0) <= DISTURBED:
            break
    return best


def run(server: Server, scenario: Scenario, seconds: float, hub_path: Path) -> dict[str, float]:
    """Start a server, run a scenario on it, and return the figures by name."""
    if isinstance(scenario, Attack):
        server = DEFENDED_HUB
    with (
        tempfile.TemporaryDirectory() as directory,
        Running(server, Path(directory), hub_path) as running,
    ):
        pid, port = running.pid, running.port
        match scenario:
            case Load():
                return asdict(run_load(pid, port, server.dialect(), scenario, seconds))
            case Idle():
                return asdict(run_idle(pid, port, server.dialect(), scenario))
            case Attack():
                return asdict(run_attack(pid, port, server.dialect(), scenario, seconds / 2))
            case Kernel():
                return asdict(run_kernel(pid, port, hub_token(), scenario, seconds, hub_path))


def _line(scenario: Scenario, server: Server, number: int, figures: dict[str, float]) -> str:
    shown = "  ".join(
        f"{name} {value:,.3g}" if value < 1000 else f"{name} {value:,.0f}" for name, value in figures.items()
    )
    return f"{scenario.name} {number + 1}  {server.title}: {shown}"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
