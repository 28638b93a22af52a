"""Run with `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from pathlib import Path

from .measure import run_load
from .scenarios import SCENARIOS
from .servers import SERVERS, Running

GENERATOR_CORE = 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--hub-path", type=Path, default=Path.cwd())
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--scenarios", default="")
    parser.add_argument("--servers", default="")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    os.sched_setaffinity(0, {GENERATOR_CORE})
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # servers inherit it: other programs disturb less
    for scenario in SCENARIOS:
        if options.scenarios and scenario.name not in options.scenarios.split(","):
            continue
        print(scenario.title)
        for _ in range(options.rounds):
            for server in SERVERS:
                if options.servers and server.name not in options.servers.split(","):
                    continue
                with tempfile.TemporaryDirectory() as directory, Running(
                    server, Path(directory), options.hub_path
                ) as running:
                    f = run_load(running.pid, running.port, server.dialect(), scenario, options.seconds)
                    print(f"{server.name:12} {f.deliveries_per_s:12,.0f}/s {f.cpu_us:8.3f} us srv {f.server_load:.2f} gen {f.generator_load:.2f} p50 {f.p50_ms:.2f} p99 {f.p99_ms:.2f} lost {f.undelivered} ref {f.refusals} closed {f.closed}", flush=True)


if __name__ == "__main__":
    main()
