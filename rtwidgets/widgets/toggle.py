"""Toggle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import MOVE

if TYPE_CHECKING:
    from ..client.values import Value


class Toggle(LiveWidget):
    """A yes or no that every viewer sees and flips.

    Args:
        value: The value it flips between True and False.
        title: Beside it; None takes the value's name.

    Raises:
        ChannelError: If ``value`` is not a value.
    """

    panel_rows = 1

    def __init__(self, value: Value, *, title: str | None = None) -> None:
        channel = take_channel("Toggle", value, "value")
        chosen = {"title": options.text("title", title)}
        super().__init__(
            "toggle",
            channel.hub,
            {"value": channel.name},
            {channel.name: MOVE},
            chosen,
            summary_of(channel.name),
        )
