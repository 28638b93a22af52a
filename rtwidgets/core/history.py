"""What was published before: from the log, and beyond it from the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from ..protocol import codes
from ..protocol.messages import HistoryRequest, HistoryResult, Reply, RpcResult
from .batch import ArchiveFault, Wanted
from .channel import Channel
from .refusal import Refusal

if TYPE_CHECKING:
    from .connection import Connection

# A request that names no limit gets so many publications from an archive at most.
MAX_PAGE = 10_000
# What a request for a piece of the archive counts for, of what a connection may have waiting.
READ_BYTES = 64 * 1024
NEVER_MS = 2**62

_encode = msgspec.json.Encoder().encode


def reaches_back(channel: Channel) -> bool:
    """Say whether an archive has more of a channel than what is in memory."""
    return channel.durable is not None and channel.durable.reaches_back


def by_position(connection: Connection, request_id: int, request: HistoryRequest, now: float) -> None:
    """Reply with publications around a position, or the newest or oldest of them."""
    channel = _channel(connection, request.channel)
    if not channel.namespace.history_size:
        raise Refusal(codes.NOT_AVAILABLE)
    log, since, limit = channel.log, request.since, request.limit
    if since is not None and since.epoch not in ("", log.epoch):
        raise Refusal(codes.UNRECOVERABLE_POSITION)
    if since is not None and request.reverse and since.offset == 0:
        raise Refusal(codes.BAD_REQUEST, "history in reverse needs an offset above 0")
    kept_from = start = log.visible_from(now)
    stop = log.top + 1
    if reaches_back(channel) and limit and (limit > 0 or since is not None):
        # The archive reaches further back. Who asks for all without a position gets what a late joiner does.
        start = 1
    if since is not None and request.reverse:
        stop = max(start, min(stop, since.offset))
    elif since is not None:
        start = min(max(start, since.offset + 1), stop)
    if limit >= 0 and request.reverse:
        start = max(start, stop - limit)
    elif limit >= 0:
        stop = min(stop, start + limit)
    if start < min(kept_from, stop):
        # What was at the next positions may be gone; the next that is there may be far behind them.
        after, before = (0, stop) if request.reverse else (start - 1, log.top + 1)
        wanted = _wanted(channel, after, before, now, limit=limit, reverse=request.reverse)
        _read(connection, request_id, channel, wanted, now)
        return
    bound = channel.limits.history_reply_bytes
    items = (
        log.piece(start, stop, bound, from_end=request.reverse) if bound else log.publications(start, stop)
    )
    _note_cut(connection, items, stop - start)
    if request.reverse:
        items.reverse()
    _reply(connection, request_id, channel, items)


class Between(Struct):
    """Data of the rpc `rtwidgets.history`.

    Args:
        from_ms: Publications not older than this, in milliseconds since the Unix epoch.
        to_ms: Publications older than this; None for no bound.
        limit: How many at most.
        after: Only those behind this offset; for the next page the last one's.
        epoch: The log that the offset is of; empty where the caller does not know it.
    """

    channel: str
    from_ms: int = 0
    to_ms: int | None = None
    limit: int = MAX_PAGE
    after: int = 0
    epoch: str = ""


def by_time(connection: Connection, request_id: int, data: Between, now: float) -> object:
    """Return publications of some time, oldest first; None when the archive replies later."""
    channel = _channel(connection, data.channel)
    log = channel.log
    if not channel.namespace.history_size or channel.namespace.kind not in ("event", "stream"):
        raise Refusal(
            codes.NOT_AVAILABLE, f"{channel.name!r} has no history by time: only events and streams"
        )
    if data.epoch not in ("", log.epoch):
        raise Refusal(codes.UNRECOVERABLE_POSITION)
    if data.limit < 1 or data.after < 0:
        raise Refusal(codes.BAD_REQUEST, "limit must be at least 1 and after at least 0")
    limit, after = min(data.limit, MAX_PAGE), min(data.after, log.top)
    from_ms = min(max(data.from_ms, 0), NEVER_MS)
    to_ms = NEVER_MS if data.to_ms is None else min(max(data.to_ms, 0), NEVER_MS)
    if reaches_back(channel):
        wanted = _wanted(channel, after, log.top + 1, now, limit=limit)
        wanted = msgspec.structs.replace(wanted, from_ms=max(wanted.from_ms, from_ms), to_ms=to_ms)
        _read(connection, request_id, channel, wanted, now, as_rpc=True)
        return None
    start = max(log.visible_from(now), after + 1, log.offset_at(from_ms / 1000))
    stop = min(log.top + 1, log.offset_at(to_ms / 1000), start + limit)
    bound = channel.limits.history_reply_bytes or NEVER_MS
    items = log.piece(start, stop, bound, from_end=False)
    _note_cut(connection, items, stop - start)
    return _Page(list(map(Raw, items)), log.epoch, log.top)


def _note_cut(connection: Connection, items: list[bytes], asked: int) -> None:
    if len(items) < asked:
        connection.hub.refused["history_reply_bytes"] += 1


class _Page(Struct):
    publications: list[Raw]
    epoch: str
    offset: int


def _channel(connection: Connection, name: str) -> Channel:
    channel = connection.hub.channel_for(connection, name, "history")
    if channel.durable is not None:
        channel.durable.await_turn()
    return channel


def _wanted(
    channel: Channel, after: int, before: int, now: float, *, limit: int, reverse: bool = False
) -> Wanted:
    """Return what to read from the archive, within what it may show."""
    namespace = channel.namespace
    size, ttl_s = namespace.archive_size, namespace.archive_ttl_s
    return Wanted(
        after=max(after, channel.log.top - size) if size else after,
        before=before,
        from_ms=int((now - ttl_s) * 1000) if ttl_s else 0,
        to_ms=NEVER_MS,
        limit=min(limit, MAX_PAGE) if limit >= 0 else MAX_PAGE,
        max_bytes=channel.limits.history_reply_bytes,
        reverse=reverse,
    )


def _read(
    connection: Connection,
    request_id: int,
    channel: Channel,
    wanted: Wanted,
    now: float,
    *,
    as_rpc: bool = False,
) -> None:
    """Have publications read from the archive and reply with them."""
    connection.inbox.pending += READ_BYTES
    archiving = connection.hub.archiving

    def done(found: list[bytes] | ArchiveFault, now: float) -> None:
        connection.inbox.pending -= READ_BYTES
        if isinstance(found, ArchiveFault):
            refusal = archiving.refusal_of(found)
            connection.fail(request_id, refusal.error, refusal.message)
        else:
            _reply(connection, request_id, channel, found, as_rpc=as_rpc)

    archiving.port.read(channel.name, wanted, done)


def _reply(
    connection: Connection, request_id: int, channel: Channel, items: list[bytes], *, as_rpc: bool = False
) -> None:
    publications, epoch, top = list(map(Raw, items)), channel.log.epoch, channel.log.top
    if as_rpc:
        page = Raw(_encode(_Page(publications, epoch, top)))
        connection.reply(Reply(id=request_id, rpc=RpcResult(page)))
    else:
        result = HistoryResult(publications=publications, epoch=epoch, offset=top)
        connection.reply(Reply(id=request_id, history=result))
