"""LiveLog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import SEE

if TYPE_CHECKING:
    from ..client.events import Events

LEVELS = ("debug", "info", "success", "warning", "error")


class LiveLog(LiveWidget):
    """The events of a channel as lines: time, level, text and what else they say.

    An event is best a dict with ``text`` and ``level``; every other form has its line too. Scroll up and it
    stands still; at the end it follows. The page shows the last 500 lines that the filter lets through.

    Args:
        events: The channel to show.
        title: Above it; None takes the channel's name.
        height: Height of the lines in pixels.
        level: The least level to show at first: ``"debug"``, ``"info"``, ``"success"``, ``"warning"`` or
            ``"error"``.

    Raises:
        ChannelError: If ``events`` is not a channel of events.
        ValueError: If an option can't be used; the message says what can.
    """

    def __init__(
        self, events: Events, *, title: str | None = None, height: int = 280, level: str = "debug"
    ) -> None:
        channel = take_channel("LiveLog", events, "event")
        chosen = {
            "title": options.text("title", title),
            "height": options.height_px(height),
            "level": options.choice("level", level, LEVELS),
        }
        super().__init__(
            "log",
            channel.hub,
            {"events": channel.name},
            {channel.name: SEE},
            chosen,
            summary_of(channel.name),
        )
