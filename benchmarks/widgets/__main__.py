"""Run widgets of notebooks side by side in JupyterLab: `make bench-widgets`.

Everything runs on this machine at once: JupyterLab, the kernel, the hub, the publisher and the browser, which
draws in software.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.lab import CHROMIUM, CHROMIUM_FLAGS, Lab

from ..results import Record, Run
from .machine import describe
from .measure import ContestantError, Stage, measure
from .report import report
from .tasks import CONTESTANTS, TASKS

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
SHOTS = ROOT / "build" / "bench-widgets-pictures"


def main() -> None:
    """Read the options, run everything, print and keep the results."""
    options = _options()
    # An end from outside leaves the `with` blocks too, and with them no process behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    tasks = [task for task in TASKS if _chosen(task.name, options.only)]
    contestants = [one for one in CONTESTANTS if _chosen(one.name, options.only)]
    out = RESULTS / time.strftime("widgets-%Y-%m-%d-%H%M%S.json")
    with _lab() as lab, _browser() as browser:
        record = Record(
            machine=describe(browser.version),
            options={"seconds": options.seconds, "rounds": options.rounds, "left_out": {}},
            runs=[],
        )
        stage = Stage(lab, browser, SHOTS)
        for number in range(options.rounds):
            for task in tasks:
                for contestant in contestants:
                    where = f"{task.name} {number + 1}  {contestant.title}"
                    try:
                        figures = measure(stage, task, contestant, number, options.seconds)
                    except ContestantError as error:
                        _say(f"{where}: left out: {error}")
                        left_out = record.options["left_out"]
                        assert isinstance(left_out, dict)
                        left_out[f"{task.name}, {contestant.title}"] = str(error)
                        continue
                    finally:
                        record.save(out)
                    record.runs.append(Run(task.name, contestant.name, number, figures))
                    record.save(out)
                    _say(f"{where}: " + "  ".join(f"{name} {value:,.4g}" for name, value in figures.items()))
    sys.stdout.write(report(record) + "\n")
    _say(f"kept in {out}, pictures in {SHOTS}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.widgets", description=__doc__)
    names = [*(task.name for task in TASKS), *(one.name for one in CONTESTANTS)]
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--seconds", type=float, default=10, help="measured time of a run")
    parser.add_argument("--only", nargs="+", choices=names, default=[], help="tasks, widgets or both")
    return parser.parse_args()


def _chosen(name: str, only: list[str]) -> bool:
    """Whether a task or a widget is among those named, or none of its sort was named."""
    sort = TASKS if name in {task.name for task in TASKS} else CONTESTANTS
    named = {one.name for one in sort} & set(only)
    return not named or name in named


@contextmanager
def _lab() -> Iterator[Lab]:
    """A JupyterLab with a hub of its own; both end with it."""
    with tempfile.TemporaryDirectory(prefix="rtwidgets-bench-", ignore_cleanup_errors=True) as directory:
        lab = Lab(Path(directory))
        try:
            lab.start()
            yield lab
        finally:
            lab.stop()
            try:
                os.kill(lab.hub_file()["pid"], signal.SIGTERM)
            except (FileNotFoundError, ProcessLookupError):  # no hub was needed, or it has ended
                pass


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
