"""Toggle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .control import Control

if TYPE_CHECKING:
    from ..client.values import Value


class Toggle(Control):
    """A yes or no that every viewer sees and flips.

    Args:
        value: The value it flips between True and False.
        title: Beside it; None takes the value's name.

    Raises:
        ChannelError: If ``value`` is not a value.
    """

    panel_rows = 1

    def __init__(self, value: Value, *, title: str | None = None) -> None:
        super().__init__("toggle", value, title)
