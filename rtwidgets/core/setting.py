"""Setting a value, where it has to be so only if nobody else has set it meanwhile.

A value's version is the offset of the publication that set it; 0 while it was never set. The hub checks the
version and sets the value in one step, so of many that set one version exactly one gets through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from ..protocol import codes
from ..protocol.messages import Error, Reply, RpcResult
from .channel import Channel
from .kinds import Value
from .refusal import Refusal
from .staging import OVERHEAD_BYTES, Faults, Staging, Write

if TYPE_CHECKING:
    from .connection import Connection

# So much of a value is said to who came too late to set it.
_SHOWN_CHARS = 200


class SetValue(Struct):
    """Data of the rpc `rtwidgets.set`.

    Args:
        if_version: Set it only if this is still its version; None sets it in any case.
        epoch: The log that the version is of; empty where the caller does not know it.
    """

    channel: str
    data: Raw
    if_version: int | None = None
    epoch: str = ""


class Version(Struct):
    """The version that a value has now."""

    version: int
    epoch: str


def set_value(connection: Connection, request_id: int, wanted: SetValue, now: float) -> Version | None:
    """Set a value for a client and return its new version; None when the archive has to have it first.

    Raises:
        Refusal: If the value has moved, the channel is no value, or the client has no right to it.
    """
    hub, name = connection.hub, wanted.channel
    channel = hub.channel_for(connection, name, "publish")
    if not isinstance(channel.kind, Value):
        raise Refusal(codes.BAD_REQUEST, f"channel {name!r} is no value and can't be set")
    may_see = hub.may(connection, "subscribe", name)
    if channel.durable is not None:
        connection.inbox.charge_publications(1)
        channel.durable.write(_kept(connection, request_id, channel, wanted, may_see), now)
        return None
    _check(channel, wanted, channel.log.top, may_see=may_see)
    connection.inbox.charge_publications(1)
    for refusal in hub.publish_for(connection, channel, [bytes(wanted.data)], now).values():
        raise refusal
    return Version(channel.log.top, channel.log.epoch)


def _kept(
    connection: Connection, request_id: int, channel: Channel, wanted: SetValue, may_see: bool
) -> Write:
    """Return the request as the archive's: checked when it is its turn, answered when it is committed."""
    data = bytes(wanted.data)
    version = 0

    def act(staging: Staging) -> Faults:
        nonlocal version
        _check(channel, wanted, staging.top, may_see=may_see)
        faults = staging.publish([data], connection.encoded_info, connection.author)
        version = staging.top
        return faults

    def done(faults: Faults, refusal: Refusal | None, now: float) -> None:
        if faults:
            refusal = connection.hub.refusal_of(faults[0])
        if refusal is not None:
            connection.fail(request_id, refusal.error, refusal.message)
        else:
            result = msgspec.json.encode(Version(version, channel.log.epoch))
            connection.reply(Reply(id=request_id, rpc=RpcResult(Raw(result))))

    return Write(OVERHEAD_BYTES + len(data), act, done)


def _check(channel: Channel, wanted: SetValue, top: int, *, may_see: bool) -> None:
    has_moved = wanted.if_version != top or wanted.epoch not in ("", channel.log.epoch)
    if wanted.if_version is not None and has_moved:
        raise Refusal(Error(codes.CONFLICT, _conflict(channel, wanted.if_version, top, may_see=may_see)))


def _conflict(channel: Channel, expected: int, now_at: int, *, may_see: bool) -> str:
    """Say how a value stands now; what it is only to who may read it."""
    kind = channel.kind
    assert isinstance(kind, Value)
    text = f"{channel.name!r} is not at version {expected} any more, but at {now_at}"
    if not may_see or kind.data is None:
        return text
    value = kind.data.decode(errors="replace")
    if len(value) > _SHOWN_CHARS:
        value = value[: _SHOWN_CHARS - 1] + "…"
    by = f", set by {kind.author.name}" if kind.author.name else ""
    return f"{text}: {value}{by}"
