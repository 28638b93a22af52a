"""Where a subscription starts: what was missed since a position, or the snapshot.

Neither is made before the subscriber's socket takes it: what is not in the reply the cursor reads piece by
piece, like anything else.
"""

from __future__ import annotations

import msgspec

from ..protocol import codes
from ..protocol.messages import REJECT_UNRECOVERED, SubscribeRequest, SubscribeResult
from .cursor import Cursor
from .kinds import Table
from .refusal import Refusal

# How much a reply has of it at most, about; the reply to a connect for all of its subscriptions.
REPLY_BYTES = 256 * 1024


def position(
    cursor: Cursor, request: SubscribeRequest, snapshot: bool, room: int, now: float
) -> SubscribeResult:
    """Recover from the position in the request, or start with the snapshot.

    Args:
        snapshot: Whether the subscriber asks for the snapshot of a kind that sends none by itself.
        room: How many bytes the result should have at most.
    """
    channel = cursor.channel
    log = channel.log
    result = SubscribeResult()
    if channel.namespace.recover:
        result.recoverable = result.positioned = True
        result.epoch = log.epoch
        if request.recover:
            result.was_recovering = True
            if request.epoch in ("", log.epoch) and _reaches(cursor, request.offset, now):
                result.recovered = True
                cursor.start_at(request.offset)
                if cursor.place is None and room > 0:
                    missed = log.piece(request.offset + 1, log.top + 1, room, from_end=False)
                    result.publications = [msgspec.Raw(item) for item in missed]
                    cursor.offset += len(missed)
                result.offset = cursor.offset
                return result
            if request.flag & REJECT_UNRECOVERED:
                raise Refusal(codes.UNRECOVERABLE_POSITION)
    if channel.namespace.kind != "event" or snapshot:
        start = channel.kind.snapshot(now, room)
        result.data = msgspec.Raw(start.data)
        if start.offset is not None:
            cursor.until = log.top
            cursor.start_at(start.offset)
    if channel.namespace.recover:
        result.offset = cursor.offset
    return result


def size_of(result: SubscribeResult) -> int:
    """Return about how many bytes a result has."""
    return len(bytes(result.data)) + sum(len(bytes(item)) for item in result.publications)


def _reaches(cursor: Cursor, offset: int, now: float) -> bool:
    """Say whether all that came behind an offset can still be had."""
    log, kind = cursor.channel.log, cursor.channel.kind
    if offset >= log.top:
        return offset == log.top
    if isinstance(kind, Table):
        return offset >= kind.recency.forgotten
    return offset + 1 >= log.visible_from(now)
