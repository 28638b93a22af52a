"""What a channel's history keeps, asked for piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from ..protocol.messages import Command, HistoryRequest, Publication, Reply, StreamPosition

# Publications that are asked for at a time, where it is not known how many are wanted.
PAGE = 1_000

_publication = msgspec.json.Decoder(Publication)


class Page(NamedTuple):
    """Publications in a row, and the position of the channel's newest."""

    epoch: str
    offset: int
    publications: list[Publication]


def after(
    request: Callable[[Command], Reply], channel: str, limit: int, position: tuple[str, int] | None
) -> Page:
    """Return publications behind a position, oldest first.

    Args:
        limit: How many at most; a hub answers with fewer where they are large. 0 asks for the position alone.
        position: Epoch and offset; None for the beginning of the log.

    Raises:
        ReplyError: With code 112 if the log is another one.
    """
    since = None if position is None else StreamPosition(offset=position[1], epoch=position[0])
    result = request(Command(history=HistoryRequest(channel=channel, limit=limit, since=since))).history
    if result is None:
        return Page("", 0, [])
    return Page(result.epoch, result.offset, list(map(_publication.decode, result.publications)))


def newest(request: Callable[[Command], Reply], channel: str, limit: int) -> list[Publication]:
    """Return the newest publications of a channel, oldest first.

    Args:
        request: Sends a command and returns its reply.
        limit: How many at most.
    """
    found: list[Publication] = []
    for page in pages_back(request, channel, limit):
        found += page
        if len(found) >= limit:
            break
    return found[:limit][::-1]


def pages_back(
    request: Callable[[Command], Reply], channel: str, limit: int = PAGE
) -> Iterator[list[Publication]]:
    """Yield all that history has, newest first; with an archive that can be very much.

    A hub answers with as many as fit into a reply. They are asked for from the newest back, so that none is
    missing between two pieces when the log moves on meanwhile.
    """
    since: StreamPosition | None = None
    while True:
        wanted = HistoryRequest(channel=channel, limit=limit, since=since, reverse=True)
        result = request(Command(history=wanted)).history
        if result is None or not result.publications:
            return
        page = list(map(_publication.decode, result.publications))
        yield page
        since = StreamPosition(offset=page[-1].offset, epoch=result.epoch)


def window(request: Callable[[Command], Reply], channel: str) -> list[Publication]:
    """Return what a late joiner gets of a channel, oldest first: not what only an archive has."""
    found: list[Publication] = []
    since: StreamPosition | None = None
    top: int | None = None
    while True:
        wanted = HistoryRequest(channel=channel, limit=-1, since=since)
        result = request(Command(history=wanted)).history
        if result is None:
            return found
        top = result.offset if top is None else top
        page = list(map(_publication.decode, result.publications))
        if found and page and page[0].offset != found[-1].offset + 1:
            found.clear()  # the log has moved on: what came before the gap is not kept any more
        found += page
        if not page or page[-1].offset >= top:
            return found
        since = StreamPosition(offset=page[-1].offset, epoch=result.epoch)
