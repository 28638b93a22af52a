"""Slider and RangeSlider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import options
from .control import Control, scale

if TYPE_CHECKING:
    from ..client.values import Value


class Slider(Control):
    """A number that every viewer sees and moves.

    Args:
        value: The value it moves.
        min: Left end.
        max: Right end.
        step: Between two positions; None takes 1 for whole ends far apart, else about a hundredth of the way.
        title: Beside it; None takes the value's name.
        unit: Behind the number, such as ``"s"``.

    Raises:
        ChannelError: If ``value`` is not a value.
        ValueError: If an option can't be used; the message says what can.
    """

    panel_rows = 1

    def __init__(
        self,
        value: Value,
        min: float,
        max: float,
        *,
        step: float | None = None,
        title: str | None = None,
        unit: str | None = None,
    ) -> None:
        chosen = {**scale(min, max, step), "unit": options.text("unit", unit)}
        super().__init__("slider", value, title, chosen, {"min": min, "max": max, "step": step})


class RangeSlider(Control):
    """Two numbers, a lower and an upper one, that every viewer sees and moves.

    The value is a list of both: ``hub.value("band", default=[95, 105])``.

    Args:
        value: The value it moves.
        min: Left end.
        max: Right end.
        step: Between two positions; None takes 1 for whole ends far apart, else about a hundredth of the way.
        title: Beside it; None takes the value's name.
        unit: Behind the numbers, such as ``"s"``.

    Raises:
        ChannelError: If ``value`` is not a value.
        ValueError: If an option can't be used; the message says what can.
    """

    def __init__(
        self,
        value: Value,
        min: float,
        max: float,
        *,
        step: float | None = None,
        title: str | None = None,
        unit: str | None = None,
    ) -> None:
        chosen = {**scale(min, max, step), "unit": options.text("unit", unit)}
        super().__init__("range_slider", value, title, chosen, {"min": min, "max": max, "step": step})
