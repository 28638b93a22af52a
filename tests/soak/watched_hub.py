"""A hub that notes what it holds, each second: `watched_hub.py CONFIG PORT`.

Resident memory moves in pages and arenas, some hundred KiB at a time. What its allocators have given out says
the same within minutes: Python's own blocks, and what it has from malloc.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rtwidgets.server.app import HubApp
from rtwidgets.server.run import bind, make_server
from rtwidgets.server.settings import load

EVERY_S = 1.0
FIGURES = "watched.jsonl"


class _Allocated(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = [
        ("before", ctypes.c_size_t * 4),
        ("hblkhd", ctypes.c_size_t),
        ("between", ctypes.c_size_t * 2),
        ("uordblks", ctypes.c_size_t),
        ("behind", ctypes.c_size_t * 2),
    ]


def watch(loop: asyncio.AbstractEventLoop, file: Path) -> None:
    """Write a line each second, from a thread of its own."""
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Allocated
    with file.open("w", buffering=1) as lines:
        while True:
            time.sleep(EVERY_S)
            # What waits for the collector is no leak.
            gc.collect()
            of_malloc = mallinfo2()
            figures = {
                "at": time.monotonic(),
                "malloc_bytes": of_malloc.uordblks + of_malloc.hblkhd,
                "python_blocks": sys.getallocatedblocks(),
                "tasks": len(asyncio.all_tasks(loop)),
                "threads": threading.active_count(),
                "descriptors": len(os.listdir("/proc/self/fd")),
                "resident_bytes": int(Path("/proc/self/statm").read_text().split()[1]) * 4096,
                "cpu_s": time.process_time(),
            }
            lines.write(json.dumps(figures) + "\n")


def run(config: str, port: str, and_do: Callable[[], Awaitable[None]] | None = None) -> None:
    """Serve until told to end.

    Args:
        and_do: Something else to do in the hub's loop.
    """
    hub = HubApp(load(Path(config), os.environ, {"port": int(port)}), int(port))
    hub.check_keeper()
    others: list[object] = []

    def on_ready() -> None:
        loop = asyncio.get_running_loop()
        arguments = (loop, Path(config).with_name(FIGURES))
        threading.Thread(target=watch, args=arguments, daemon=True).start()
        if and_do is not None:
            others.append(asyncio.ensure_future(and_do()))

    make_server(hub, on_ready).run(sockets=[bind("127.0.0.1", int(port))])


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
