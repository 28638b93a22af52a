"""What an idle connection costs in memory."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .dialects import Dialect
from .process_stats import rss_bytes
from .scenarios import Idle
from .swarm import Swarm

# The first connections pay for imports and arenas.
WARM_UP_CONNECTIONS = 100
SETTLE_S = 1.0


@dataclass(frozen=True)
class IdleFigures:
    """Resident memory for each further connection, kernel buffers not counted."""

    bytes_per_connection: float


def run_idle(pid: int, port: int, dialect: Dialect, idle: Idle) -> IdleFigures:
    """Open connections and see what the server grows by."""
    swarm = Swarm(port, dialect)
    try:
        before = _with_more(pid, swarm, WARM_UP_CONNECTIONS)
        after = _with_more(pid, swarm, idle.connections)
    finally:
        swarm.close()
    return IdleFigures((after - before) / idle.connections)


def _with_more(pid: int, swarm: Swarm, connections: int) -> int:
    for _ in range(connections):
        swarm.subscribe(["stream:bench0"])
    time.sleep(SETTLE_S)
    return rss_bytes(pid)
