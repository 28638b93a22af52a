"""Append rows to a stream as fast as the hub takes them, as a notebook would; print how many that were."""

from __future__ import annotations

import json
import os
import sys
import time

import rtwidgets as rt

FLUSH_S = 30


def main(url: str, rows: int, seconds: float) -> None:
    with rt.connect(url, token=os.environ["RTWIDGETS_HUB_TOKEN"]) as hub:
        stream = hub.stream("bench0")
        stream.append(price=0.0, volume=0)
        hub.flush(FLUSH_S)
        cpu_s, start = time.process_time(), time.monotonic()
        sent = _single(stream, start + seconds) if rows == 1 else _columns(stream, start + seconds, rows)
        if not hub.flush(FLUSH_S):
            sys.exit("the hub did not acknowledge all rows")
        elapsed_s = time.monotonic() - start
        sys.stdout.write(
            json.dumps({"rows": sent, "elapsed_s": elapsed_s, "cpu_s": time.process_time() - cpu_s})
        )


def _single(stream: rt.Stream, end: float) -> int:
    sent = 0
    while time.monotonic() < end:
        stream.append(price=100.25 + sent % 7, volume=sent % 1000)
        sent += 1
    return sent


def _columns(stream: rt.Stream, end: float, rows: int) -> int:
    sent = 0
    now = time.time()
    columns = {
        "time": [now + row / 1000 for row in range(rows)],
        "price": [100.25 + row % 7 for row in range(rows)],
        "volume": [row % 1000 for row in range(rows)],
    }
    while time.monotonic() < end:
        stream.append(columns)
        sent += rows
    return sent


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
