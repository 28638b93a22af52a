"""Where a subscription starts: what was missed since a position, or the snapshot."""

from __future__ import annotations

import msgspec

from ..protocol import codes
from ..protocol.messages import NOTHING, REJECT_UNRECOVERED, SubscribeRequest, SubscribeResult
from .channel import Channel
from .refusal import Refusal


def position(channel: Channel, request: SubscribeRequest, snapshot: bool, now: float) -> SubscribeResult:
    """Recover from the position in the request, or give the snapshot.

    Args:
        snapshot: Whether the subscriber asks for the snapshot of a kind that sends none by itself.
    """
    log = channel.log
    result = SubscribeResult()
    if channel.namespace.recover:
        result.recoverable = result.positioned = True
        result.epoch, result.offset = log.epoch, log.top
        if request.recover:
            result.was_recovering = True
            known = request.epoch in ("", log.epoch) and request.offset <= log.top
            if known and (request.offset == log.top or request.offset + 1 >= log.visible_from(now)):
                result.recovered = True
                missed = log.publications(request.offset + 1, log.top + 1)
                result.publications = [msgspec.Raw(item) for item in missed]
                return result
            if request.flag & REJECT_UNRECOVERED:
                raise Refusal(codes.UNRECOVERABLE_POSITION)
    if channel.namespace.kind != "event" or snapshot:
        state = channel.kind.snapshot(now)
        result.data = NOTHING if state is None else msgspec.Raw(state)
    return result
