"""A client to be stopped and continued: reads a chat and writes into it.

Its standard input says how far it may go.
"""

from __future__ import annotations

import json
import sys
import time
from types import SimpleNamespace

from tests.archive.crowd import Reader, Writer

RATE = 2.0


def main(url: str, name: str) -> None:
    where = SimpleNamespace(url=url)
    reader, brief = Reader(where, name), Reader(where, f"{name}-brief", "brief:crowd")
    while not (reader.back_at and brief.back_at):
        time.sleep(0.01)
    report("ready")
    # All are there.
    sys.stdin.readline()
    writer = Writer(where, f"{name}-writer", RATE)
    report("writing")
    # All of them have slept.
    sys.stdin.readline()
    writer.stop()
    assert writer.hub.flush(30) and not writer.faults
    report(writer.said)
    deadline, count = time.monotonic() + 10, int(sys.stdin.readline())
    while len(reader.seen) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    report(
        {
            "seen": list(reader.seen),
            "repeats": reader.repeats + brief.repeats,
            "gaps": reader.gaps + brief.gaps,
            "notices": reader.notices,
            "brief_notices": brief.notices,
        }
    )
    for hub in (reader.hub, brief.hub, writer.hub):
        hub.close(timeout_s=1)


def report(found: object) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


main(*sys.argv[1:])
