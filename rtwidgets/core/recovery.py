"""Where a subscription starts: what was missed since a position, or the snapshot."""

from __future__ import annotations

import msgspec

from ..protocol import codes
from ..protocol.messages import NOTHING, REJECT_UNRECOVERED, Message, SubscribeRequest, SubscribeResult
from .channel import Channel
from .refusal import Refusal


def position(channel: Channel, request: SubscribeRequest, now: float) -> SubscribeResult:
    """Recover from the position in the request, or give the snapshot."""
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
    if channel.namespace.kind != "event" or _asks_snapshot(request.data):
        snapshot = channel.kind.snapshot(now)
        result.data = NOTHING if snapshot is None else msgspec.Raw(snapshot)
    return result


class _Wish(msgspec.Struct, frozen=True):
    snapshot: bool = False


class _SubscribeData(Message):
    rtwidgets: _Wish = _Wish()


_subscribe_data = msgspec.json.Decoder(_SubscribeData)


def _asks_snapshot(data: msgspec.Raw) -> bool:
    try:
        return bool(bytes(data)) and _subscribe_data.decode(data).rtwidgets.snapshot
    except (msgspec.DecodeError, RecursionError):
        return False  # the data is an application's own
