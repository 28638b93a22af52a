"""History asked for piece by piece, of a hub that a test plays."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from rtwidgets.client.past import newest, pages_back, window
from rtwidgets.client.streams import Stream
from rtwidgets.protocol.messages import Command, HistoryRequest, HistoryResult, Reply

PIECE = 4


class Log:
    """The publications of a channel; the oldest that a window shows, and what an archive has before it."""

    def __init__(self, count: int, kept_from: int = 1, archive_from: int | None = None) -> None:
        self.top = count
        self.kept_from = kept_from
        self.archive_from = archive_from
        self.requests: list[HistoryRequest] = []
        self.between: Callable[[], None] = lambda: None

    def request(self, command: Command) -> Reply:
        wanted = command.history
        assert wanted is not None
        if self.requests:
            self.between()
        self.requests.append(wanted)
        start, stop = self.kept_from, self.top + 1
        if self.archive_from is not None and (wanted.since is not None or wanted.limit > 0):
            start = self.archive_from
        if wanted.since is not None and wanted.reverse:
            stop = min(stop, wanted.since.offset)
        elif wanted.since is not None:
            start = max(start, wanted.since.offset + 1)
        offsets = list(range(start, stop))
        if wanted.reverse:
            offsets.reverse()
        limit = PIECE if wanted.limit < 0 else min(wanted.limit, PIECE)
        publications = [
            msgspec.Raw(b'{"data":{"time":[%d]},"offset":%d,"time":%d}' % (n * 1_000, n, n * 1_000))
            for n in offsets[:limit]
        ]
        return Reply(history=HistoryResult(publications=publications, epoch="ep", offset=self.top))


def offsets(found: list[object]) -> list[int]:
    return [publication.offset for publication in found]  # type: ignore[attr-defined]


def test_newest_are_asked_for_until_there_are_enough() -> None:
    log = Log(30, kept_from=28, archive_from=1)
    assert offsets([*newest(log.request, "event:a", 10)]) == list(range(21, 31))
    assert len(log.requests) == 3
    assert offsets([*newest(Log(3).request, "event:a", 10)]) == [1, 2, 3]
    assert newest(Log(3).request, "event:a", 0) == []


def test_pages_go_back_to_the_beginning() -> None:
    pages = [offsets([*page]) for page in pages_back(Log(10).request, "event:a")]
    assert pages == [[10, 9, 8, 7], [6, 5, 4, 3], [2, 1]]


def test_window_is_what_memory_has_and_ends_where_it_ended_at_the_start() -> None:
    log = Log(30, kept_from=20, archive_from=1)
    log.between = lambda: setattr(log, "top", log.top + 1)
    found = offsets([*window(log.request, "event:a")])
    assert found[0] == 20 and 30 <= found[-1] < 30 + PIECE
    assert found == list(range(20, found[-1] + 1))
    assert window(Log(0).request, "event:a") == []


def test_window_has_no_hole_when_the_log_moves_on_meanwhile() -> None:
    log = Log(12)

    def move() -> None:
        log.top, log.kept_from = 20, 9

    log.between = move
    assert offsets([*window(log.request, "event:a")]) == [9, 10, 11, 12]


def test_frame_of_the_last_seconds_reads_no_further_back_than_it_must() -> None:
    log = Log(1_000, kept_from=995, archive_from=1)
    stream = Stream.__new__(Stream)
    stream.name = "stream:a"
    stream._request = log.request  # type: ignore[method-assign]
    frame = stream.to_frame(last="10s")
    assert len(frame) == 11 and len(log.requests) == 4
