"""LiveChat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.capabilities import Caps
from ..core.notices import notices_of
from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import CALL, MODERATE, SEE, TALK

if TYPE_CHECKING:
    from ..client.chats import Chat


class LiveChat(LiveWidget):
    """What was said in a chat, who is here, and a line to say something, to all or to one of them alone.

    Args:
        chat: The chat to show.
        title: Above it; None takes the chat's name.
        height: Height of the messages in pixels.
        commands: Whether ``/name arguments`` calls a command of the chat's scope, with the right of who types
            it: of the session for a chat of a session, else any.

    Raises:
        ChannelError: If ``chat`` is not a chat.
        ValueError: If an option can't be used; the message says what can.
    """

    def __init__(
        self, chat: Chat, *, title: str | None = None, height: int = 360, commands: bool = True
    ) -> None:
        channel = take_channel("LiveChat", chat, "chat")
        chosen = {
            "title": options.text("title", title),
            "height": options.height_px(height),
            "commands": None if commands else False,
        }
        base = channel.name.partition("#")[0]
        needs: Caps = {channel.name: TALK | MODERATE}
        patterns: Caps = {f"{base}#*": TALK}
        own = notices_of(channel.hub.user)
        if own is not None:
            patterns[own] = SEE
        if commands:
            scope, slash, _ = base.partition(":")[2].rpartition("/")
            needs |= {f"table:{scope}{slash}rtwidgets.{name}": SEE for name in ("commands", "calls")}
            patterns[f"command:{scope}{slash}*"] = CALL
        super().__init__(
            "chat",
            channel.hub,
            {"chat": channel.name},
            needs,
            chosen,
            summary_of(channel.name),
            patterns=patterns,
        )
