"""LiveChat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import TALK

if TYPE_CHECKING:
    from ..client.chats import Chat


class LiveChat(LiveWidget):
    """What was said in a chat, who is here, and a line to say something.

    Args:
        chat: The chat to show.
        title: Above it; None takes the chat's name.
        height: Height of the messages in pixels.

    Raises:
        ChannelError: If ``chat`` is not a chat.
        ValueError: If an option can't be used; the message says what can.
    """

    def __init__(self, chat: Chat, *, title: str | None = None, height: int = 360) -> None:
        channel = take_channel("LiveChat", chat, "chat")
        chosen = {"title": options.text("title", title), "height": options.height_px(height)}
        super().__init__(
            "chat",
            channel.hub,
            {"chat": channel.name},
            {channel.name: TALK},
            chosen,
            summary_of(channel.name),
        )
