"""Two processes of the hub beside one: what they deliver together, and who uses the processor for it.

`python -m benchmarks.workers` needs Debian's redis-server. Nothing is pinned: load generator, Redis and all
workers share the machine, and the shares say which of them would have to be elsewhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .dialects import Centrifuge
from .feed import Feed, Flood
from .process_stats import cpu_s
from .servers import HUB_SETTINGS, UNBOUNDED, free_port, hub_token
from .swarm import Swarm

SUBSCRIBERS = 200
WARM_UP_S = 2.0
MEASURED_S = 6.0
WINDOW = 4096


class Figures(NamedTuple):
    """What was measured; processor time as shares of one core."""

    deliveries_per_s: float
    cpu_us: float
    workers: float
    redis: float
    generator: float


@contextmanager
def redis_server(port: int) -> Iterator[int]:
    """Run Redis with its default durability and return its process id."""
    directory = tempfile.mkdtemp(prefix="rtwidgets-bench-redis-")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", directory, "--appendonly", "no"]
    process = subprocess.Popen(["redis-server", *options, "--save", ""], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield process.pid
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(directory)


@contextmanager
def hub(broker: str, workers: int) -> Iterator[tuple[int, list[int]]]:
    """Run a hub and return its port and the processes that serve it."""
    directory, port = Path(tempfile.mkdtemp(prefix="rtwidgets-bench-hub-")), free_port()
    settings = HUB_SETTINGS.format(port=port, bounds=UNBOUNDED).replace(
        "[hub]", f'[hub]\nbroker = "{broker}"\nworkers = {workers}'
    )
    (directory / "hub.toml").write_text(settings)
    command = [sys.executable, "-m", "rtwidgets.server", "serve", "--config", str(directory / "hub.toml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # once all of its processes are ready
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            pass
        yield port, [process.pid] if workers == 1 else _children_of(process.pid)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(directory)


def _children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in tasks if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def measure(port: int, pids: list[int], redis: int | None) -> Figures:
    """Let one publisher flood one channel, and count what arrives."""
    dialect = Centrifuge(hub_token())
    swarm = Swarm(port, dialect)
    try:
        for _ in range(SUBSCRIBERS):
            swarm.subscribe(["stream:bench"])
        flood = Flood(
            Feed(swarm, dialect, ["stream:bench"], size=128, batch=16, shared=True), swarm, window=WINDOW
        )

        def drive(seconds: float) -> None:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                swarm.turn(flood.pump())

        def used() -> tuple[float, float, float, float, float]:
            workers = sum(map(cpu_s, pids))
            return (
                time.monotonic(),
                swarm.received,
                workers,
                0.0 if redis is None else cpu_s(redis),
                time.process_time(),
            )

        drive(WARM_UP_S)
        before = used()
        drive(MEASURED_S)
        passed, count, workers, redis_s, own = (b - a for a, b in zip(before, used(), strict=True))
        return Figures(
            count / passed, workers / count * 1e6, workers / passed, redis_s / passed, own / passed
        )
    finally:
        swarm.close()


def main() -> None:
    """Measure one process without Redis, and one and two with it."""
    port = free_port()
    print(f"{os.cpu_count()} cores, {SUBSCRIBERS} subscribers, one publisher that floods")  # noqa: T201
    with redis_server(port) as redis:
        broker = f"redis://127.0.0.1:{port}/0"
        for title, where, workers in (
            ("memory, 1 process", "memory", 1),
            ("Redis, 1 worker", broker, 1),
            ("Redis, 2 workers", broker, 2),
        ):
            with hub(where, workers) as (at, pids):
                found = measure(at, pids, None if where == "memory" else redis)
            print(  # noqa: T201
                f"{title:18} {found.deliveries_per_s / 1e6:6.2f} M/s, {found.cpu_us:.2f} µs of workers each; "
                f"cores: workers {found.workers:.2f}, Redis {found.redis:.2f}, "
                f"generator {found.generator:.2f}"
            )


if __name__ == "__main__":
    main()
