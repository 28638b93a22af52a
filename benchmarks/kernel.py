"""How fast one kernel publishes: `stream.append` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .process_stats import cpu_s
from .scenarios import Kernel

CLIENT = Path(__file__).parent / "kernel_client.py"


@dataclass(frozen=True)
class KernelFigures:
    """Rows that the hub has acknowledged.

    Args:
        cpu_us: Processor microseconds of the hub for each row.
        client_load: Share of its core that the publishing process used.
    """

    rows_per_s: float
    cpu_us: float
    client_load: float


def run_kernel(
    pid: int, port: int, token: str, kernel: Kernel, seconds: float, package: Path
) -> KernelFigures:
    """Let a process publish for some seconds.

    Args:
        package: Directory that `rtwidgets` is imported from.
    """
    before = cpu_s(pid)
    made = subprocess.run(
        [sys.executable, str(CLIENT), f"http://127.0.0.1:{port}", str(kernel.rows), str(seconds)],
        env={**os.environ, "PYTHONPATH": str(package), "RTWIDGETS_HUB_TOKEN": token},
        capture_output=True,
        check=True,
        text=True,
    )
    told = json.loads(made.stdout)
    rows = told["rows"]
    return KernelFigures(
        rows_per_s=rows / told["elapsed_s"],
        cpu_us=(cpu_s(pid) - before) / rows * 1e6,
        client_load=told["cpu_s"] / told["elapsed_s"],
    )
