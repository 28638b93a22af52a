"""Notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import SEE

if TYPE_CHECKING:
    from ..client.events import Events


class Notifications(LiveWidget):
    """A bell: new events of a channel show as toasts on the page, and the last ones in a list under it.

    What is addressed to the page's user, as by ``hub.notify``, is in the list too, and shows as toasts with
    or without this widget.

    Args:
        events: The channel whose events are shown.
        title: Beside it; None takes the channel's name.

    Raises:
        ChannelError: If ``events`` is not a channel of events.
    """

    panel_rows = 1

    def __init__(self, events: Events, *, title: str | None = None) -> None:
        channel = take_channel("Notifications", events, "event")
        super().__init__(
            "notifications",
            channel.hub,
            {"events": channel.name},
            {channel.name: SEE},
            {"title": options.text("title", title)},
            summary_of(channel.name),
        )
