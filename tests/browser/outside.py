"""A source and a handler in a process of their own: counts rows into a stream, serves `ping`.

The hub is the one of RTWIDGETS_RUNTIME_DIR. It ends when its standard input does.
"""

from __future__ import annotations

import sys
import threading
import time

import rtwidgets as rt

INTERVAL_S = 0.02


def main() -> None:
    hub = rt.connect()
    stream = hub.stream(sys.argv[1])
    pings = hub.value("pings", default=0)
    lock = threading.Lock()
    count = 0

    @hub.command
    def ping() -> str:
        nonlocal count
        with lock:
            count += 1
            pings.set(count)
        return f"pong {count}"

    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    number = 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not ended.wait(INTERVAL_S):
        number += 1
        stream.append(time=time.time(), n=number)


main()
