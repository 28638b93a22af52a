"""A process that serves commands until its standard input ends: to be killed, stopped and made late."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import rtwidgets as rt


def main() -> None:
    hub = rt.connect(sys.argv[1], token=sys.argv[2])

    @hub.command
    def work(seconds: float, marks: str) -> int:
        """Leave a mark, work for a while, and return this process's id."""
        with Path(marks).open("a") as file:
            file.write(f"{os.getpid()}\n")
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            rt.progress(min(1.0, 1 - left_s / seconds), "working")
            time.sleep(0.02)
        return os.getpid()

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


main()
