"""The rpc methods of chats: older messages, and who is typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from ..protocol import codes
from ..protocol.chat import PAGE, Page
from ..protocol.messages import Reply, RpcResult
from .batch import ArchiveFault
from .channel import Channel
from .history import READ_BYTES, reaches_back
from .kinds import Chat
from .kinds.chat import MAX_PAGE_BYTES
from .refusal import Refusal

if TYPE_CHECKING:
    from .connection import Connection

# One of these in so long is passed on for a connection; the others of that time say nothing new.
TYPING_INTERVAL_S = 2.0
TYPING = Raw(b'{"type":"typing"}')

_encode = msgspec.json.Encoder().encode


class Messages(Struct):
    """Data of the rpc `rtwidgets.messages`.

    Args:
        before: Id of a message: those before it; None for the newest.
        limit: How many at most.
    """

    channel: str
    before: str | None = None
    limit: int = PAGE


class Typing(Struct):
    """Data of the rpc `rtwidgets.typing`."""

    channel: str


class _StoredPage(Struct):
    messages: list[Raw]
    more: bool


def messages(connection: Connection, request_id: int, data: Messages, now: float) -> object:
    """Return messages of a chat from before one, to who has the right to its history.

    Returns:
        A page; None when the archive replies later.
    """
    channel = connection.hub.channel_for(connection, data.channel, "history")
    chat = _chat(channel)
    if channel.durable is not None:
        channel.durable.await_turn()
    page = chat.page(data.before, data.limit)
    if page is not None and (page.messages or not page.more):
        return page
    if not reaches_back(channel) or data.before is None:
        return Page()  # what is not kept any more is nowhere
    _look_up(connection, request_id, channel.name, data.before, max(1, min(data.limit, PAGE)))
    return None


def typing(connection: Connection, request_id: int, data: Typing, now: float) -> object:
    """Tell who looks at a chat that this connection's user is typing."""
    channel = connection.hub.channel_for(connection, data.channel, "publish")
    _chat(channel)
    if now - connection.typed_at >= TYPING_INTERVAL_S and channel.tells_members:
        connection.typed_at = now
        channel.pass_on(TYPING, connection)
    return {}


def _look_up(connection: Connection, request_id: int, channel: str, before: str, limit: int) -> None:
    """Have messages read from the archive and reply with them."""
    connection.inbox.pending += READ_BYTES
    archiving = connection.hub.archiving

    def done(found: list[bytes] | ArchiveFault, now: float) -> None:
        connection.inbox.pending -= READ_BYTES
        if isinstance(found, ArchiveFault):
            refusal = archiving.refusal_of(found)
            connection.fail(request_id, refusal.error, refusal.message)
            return
        fits = _fitting(found[:limit])
        page = _StoredPage(list(map(Raw, fits[::-1])), more=len(found) > len(fits))
        connection.reply(Reply(id=request_id, rpc=RpcResult(Raw(_encode(page)))))

    # One more than is wanted says whether there are more.
    archiving.port.items_before(channel, before.encode(), limit + 1, done)


def _fitting(items: list[bytes]) -> list[bytes]:
    """Return as many items as fit into a page, at least one."""
    size = 0
    for count, item in enumerate(items):
        size += len(item)
        if count and size > MAX_PAGE_BYTES:
            return items[:count]
    return items


def _chat(channel: Channel) -> Chat:
    if not isinstance(channel.kind, Chat):
        raise Refusal(codes.BAD_REQUEST, f"channel {channel.name!r} is no chat")
    return channel.kind
