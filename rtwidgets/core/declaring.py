"""The rpc `rtwidgets.declare`: a table's key column, a value's first value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from ..protocol.messages import Reply, RpcResult
from .channel import Channel
from .kinds import DataError, Table
from .refusal import Refusal
from .staging import OVERHEAD_BYTES, Faults, Staging, Write

if TYPE_CHECKING:
    from .connection import Connection


class Declare(Struct):
    """Data of the rpc.

    Args:
        key: The table's key column.
        default: What the value is while nobody has set it.
    """

    channel: str
    key: str | None = None
    default: Raw = Raw()


class Position(Struct):
    """Where the channel stands."""

    epoch: str
    offset: int


def declare(connection: Connection, request_id: int, data: Declare, now: float) -> Position | None:
    """Declare for a client; None when the archive has to have it first.

    Raises:
        DataError: If the channel is of another kind, has another key, or does not take the default.
        Refusal: If the right to publish is missing.
    """
    hub = connection.hub
    channel = hub.channel_for(connection, data.channel, "publish")
    if channel.durable is None:
        _apply(channel, data, lambda default: channel.publish(default, now=now))
        return _position(channel)

    def act(staging: Staging) -> Faults:
        _apply(channel, data, lambda default: staging.publish([default]))
        return {}

    def done(faults: Faults, refusal: Refusal | None, now: float) -> None:
        if faults:
            refusal = hub.refusal_of(faults[0])
        if refusal is not None:
            connection.fail(request_id, refusal.error, refusal.message)
        else:
            result = RpcResult(Raw(msgspec.json.encode(_position(channel))))
            connection.reply(Reply(id=request_id, rpc=result))

    channel.durable.write(Write(OVERHEAD_BYTES + len(bytes(data.default)), act, done), now)
    return None


def _apply(channel: Channel, wanted: Declare, publish: Callable[[bytes], object]) -> None:
    """Change the channel; raise a DataError when it is of another kind or has another key."""
    if wanted.key is not None:
        if not isinstance(channel.kind, Table):
            raise DataError(f"channel {channel.name!r} is no table and has no key column")
        channel.kind.declare(wanted.key)
    default = bytes(wanted.default)
    if default:
        if channel.namespace.kind != "value":
            raise DataError(f"channel {channel.name!r} is no value and has no default")
        if not channel.kind.keeps_state:
            publish(default)


def _position(channel: Channel) -> Position:
    return Position(channel.log.epoch, channel.log.top)
