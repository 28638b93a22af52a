"""The rpc methods of chats: older messages, and who is typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Raw, Struct

from ..protocol import codes
from ..protocol.chat import PAGE, Page
from .channel import Channel
from .kinds import Chat
from .refusal import Refusal

if TYPE_CHECKING:
    from .connection import Connection

# One of these in so long is passed on for a connection; the others of that time say nothing new.
TYPING_INTERVAL_S = 2.0
TYPING = Raw(b'{"type":"typing"}')


class Messages(Struct):
    channel: str
    before: str | None = None
    limit: int = PAGE


class Typing(Struct):
    channel: str


def messages(connection: Connection, request_id: int, data: Messages, now: float) -> object:
    """Return messages of a chat from before one, to who is subscribed or has the right to its history."""
    cursor = connection.cursors.get(data.channel)
    channel = (
        cursor.channel
        if cursor is not None
        else connection.hub.channel_for(connection, data.channel, "history")
    )
    page = _chat(channel).page(data.before, data.limit)
    # What is not kept any more is nowhere.
    return page or Page()


def typing(connection: Connection, request_id: int, data: Typing, now: float) -> object:
    """Tell who looks at a chat that this connection's user is typing."""
    channel = connection.hub.channel_for(connection, data.channel, "publish")
    _chat(channel)
    if now - connection.typed_at >= TYPING_INTERVAL_S and channel.tells_members:
        connection.typed_at = now
        channel.pass_on(TYPING, connection)
    return {}


def _chat(channel: Channel) -> Chat:
    if not isinstance(channel.kind, Chat):
        raise Refusal(codes.BAD_REQUEST, f"channel {channel.name!r} is no chat")
    return channel.kind
