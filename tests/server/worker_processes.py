"""Which processes serve a port, and which of them a client is at."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from .sockets import Line


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and that serve."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(stat[1]) == pid and b"spawn_main" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (OSError, ValueError, IndexError):
            continue
    return sorted(found)


def wait_for(what: str, check: object, timeout_s: float = 15) -> None:
    assert callable(check)
    deadline = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def worker_of(line: Line, pids: list[int]) -> int:
    """Return the process that has the other end of a connection."""
    return worker_at(int(line.socket.local_address[1]), pids)


def worker_at(port: int, pids: list[int]) -> int:
    """Return the process that has the other end of a connection from a port."""
    inodes = {
        fields[9]
        for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if int(fields[2].rpartition(":")[2], 16) == port
    }
    for pid in pids:
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # it was closed meanwhile
                if os.readlink(handle).removeprefix("socket:[").rstrip("]") in inodes:
                    return pid
    raise AssertionError("nobody has it")
