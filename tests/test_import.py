"""`import rtwidgets` is cheap: no server, no data frames, no more time than anywidget takes."""

from __future__ import annotations

import json
import subprocess
import sys

RUNS = 5
HEAVY = {
    "anywidget", "asyncio", "click", "narwhals", "pandas", "polars", "psutil", "pyarrow",
    "starlette", "uvicorn", "websockets",
}  # fmt: skip


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def loaded_by(statement: str) -> set[str]:
    modules = json.loads(run(f"import sys, json\n{statement}\nprint(json.dumps(list(sys.modules)))"))
    return {name.split(".")[0] for name in modules}


def seconds(statement: str) -> float:
    code = f"import time\nbegan = time.perf_counter()\n{statement}\nprint(time.perf_counter() - began)"
    return float(run(code))


def test_import_loads_nothing_heavy() -> None:
    assert loaded_by("import rtwidgets") & HEAVY == set()


def test_connect_and_widgets_load_no_server_and_no_data_frames() -> None:
    loaded = loaded_by("import rtwidgets\nrtwidgets.connect\nrtwidgets.LiveChart\nrtwidgets.Hub")
    assert loaded & {"starlette", "uvicorn", "pandas", "polars", "pyarrow", "psutil"} == set()


def test_import_takes_at_most_one_and_a_half_times_anywidget() -> None:
    # The least of several runs in turn: what a busy machine adds is not ours.
    pairs = [(seconds("import rtwidgets"), seconds("import anywidget")) for _ in range(RUNS)]
    ours, theirs = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= 1.5 * theirs, f"{ours * 1000:.0f} ms against anywidget's {theirs * 1000:.0f} ms"
