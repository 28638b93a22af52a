"""Which core does what: the servers have one for themselves."""

from __future__ import annotations

import os
import time

from .process_stats import idle_s

SERVER_CORE = 0
GENERATOR_CORE = 1
_QUIET = 0.85
_LOOK_S = 0.5


def on_server_core(command: list[str]) -> list[str]:
    """Return a command that runs another on the servers' core."""
    return ["taskset", "-c", str(SERVER_CORE), *command]


def take_generator_core() -> None:
    """Keep this process, and what it starts, on the load generator's core."""
    os.sched_setaffinity(0, {GENERATOR_CORE})


def await_quiet(patience_s: float) -> bool:
    """Wait until both cores have little to do; False when that did not come about in time."""
    end = time.monotonic() + patience_s
    while True:
        start = time.monotonic()
        before = [idle_s(core) for core in (SERVER_CORE, GENERATOR_CORE)]
        time.sleep(_LOOK_S)
        elapsed = time.monotonic() - start
        after = [idle_s(core) for core in (SERVER_CORE, GENERATOR_CORE)]
        if all(b - a >= _QUIET * elapsed for a, b in zip(before, after, strict=True)):
            return True
        if time.monotonic() > end:
            return False
