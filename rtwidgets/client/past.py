"""What a channel's history keeps, asked for piece by piece."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ..protocol.messages import Command, HistoryRequest, Publication, Reply, StreamPosition

_publication = msgspec.json.Decoder(Publication)


def newest(request: Callable[[Command], Reply], channel: str, limit: int) -> list[Publication]:
    """Return the newest publications of a channel, oldest first.

    A hub answers with as many as fit into a reply. They are asked for from the newest back, so that none is
    missing between two pieces when the log moves on meanwhile.

    Args:
        request: Sends a command and returns its reply.
        limit: How many at most; -1 for all.
    """
    found: list[Publication] = []
    since: StreamPosition | None = None
    while limit < 0 or len(found) < limit:
        rest = limit if limit < 0 else limit - len(found)
        wanted = HistoryRequest(channel=channel, limit=rest, since=since, reverse=True)
        result = request(Command(history=wanted)).history
        if result is None or not result.publications:
            break
        found += map(_publication.decode, result.publications)
        since = StreamPosition(offset=found[-1].offset, epoch=result.epoch)
    found.reverse()
    return found
