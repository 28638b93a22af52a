"""What one publication costs: nothing is encoded, joined, framed, queued or scheduled once per recipient."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Any

import pytest

from rtwidgets.protocol.codec import publication_lines
from rtwidgets.server.frame_parser import frame_head
from rtwidgets.server.frames import FramesProtocol

from .inner_hub import CHANNEL, InnerHub

PUBLICATIONS = 40
# Publications of one turn of the loop, so that one frame holds several.
TOGETHER = 4


class Counts:
    """What the hub does from now on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.encoded = 0
        self.framed = 0
        # Frames in the order they were written to each connection.
        self.written: dict[FramesProtocol, list[bytes]] = {}
        # The largest number of tasks at any write.
        self.tasks = 0
        write = FramesProtocol.write

        def counting_encode(form: bytes, items: list[bytes], *rest: Any) -> list[bytes]:
            self.encoded += len(items)
            return publication_lines(form, items, *rest)

        def counting_head(*arguments: Any) -> bytes:
            self.framed += 1
            return frame_head(*arguments)

        def noting_write(port: FramesProtocol, frame: bytes) -> None:
            self.written.setdefault(port, []).append(frame)
            self.tasks = max(self.tasks, len(asyncio.all_tasks()))
            write(port, frame)

        patch.setattr("rtwidgets.core.log.publication_lines", counting_encode)
        patch.setattr("rtwidgets.server.outlets.frame_head", counting_head)
        patch.setattr(FramesProtocol, "write", noting_write)


@pytest.mark.parametrize("recipients", [1, 30])
def test_publication_is_encoded_joined_and_framed_once_for_all(
    inner_hub: InnerHub, monkeypatch: pytest.MonkeyPatch, recipients: int
) -> None:
    tasks_alone = inner_hub.call(lambda: len(asyncio.all_tasks()))
    with inner_hub.subscribed(recipients) as lines:
        tasks_at_rest = inner_hub.call(lambda: len(asyncio.all_tasks()))
        counts = Counts(monkeypatch)
        for start in range(0, PUBLICATIONS, TOGETHER):
            inner_hub.call(partial(inner_hub.publish, range(start, start + TOGETHER)))
        for line in lines:
            while len(line.pushes) < PUBLICATIONS:
                line.receive()
            assert [push["pub"]["data"]["x"][0] for push in line.pushes] == list(range(PUBLICATIONS))
        assert counts.encoded == PUBLICATIONS
        first, *others = counts.written.values()
        assert len(others) == recipients - 1
        for written in others:
            # Not equal bytes but the same objects.
            assert list(map(id, written)) == list(map(id, first))
        assert counts.framed == len(first) <= PUBLICATIONS // TOGETHER
        # uvicorn has one task for every connection; writing to them takes none.
        assert tasks_at_rest == tasks_alone + recipients
        assert counts.tasks <= tasks_at_rest


def test_readers_that_stall_hold_no_publications(inner_hub: InnerHub) -> None:
    log = inner_hub.app.hub.channel(CHANNEL).log
    with inner_hub.subscribed(10):
        connections = list(inner_hub.app.hub.connections.values())

        def publish_and_count() -> set[int]:
            inner_hub.publish(range(PUBLICATIONS))
            inner_hub.app.hub.flush(inner_hub.app.now())
            # All are in line now and none has been written to.
            assert all(connection.has_output for connection in connections)
            return {sys.getrefcount(line) for line in log._lines}

        held = inner_hub.call(publish_and_count)
    alone = {sys.getrefcount(line) for line in [b"%d" % number for number in range(1000, 1003)]}
    assert held == alone
