"""Slider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import MOVE

if TYPE_CHECKING:
    from ..client.values import Value


class Slider(LiveWidget):
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
        channel = take_channel("Slider", value, "value")
        low, high = options.finite("min", min), options.finite("max", max)
        if low >= high:
            raise ValueError(f"min must be below max; they are {min!r} and {max!r}")
        if step is not None and not 0 < options.finite("step", step) <= high - low:
            raise ValueError(f"step must be above 0 and at most max - min = {high - low:g}, not {step!r}")
        chosen = {
            "min": low,
            "max": high,
            "step": step,
            "title": options.text("title", title),
            "unit": options.text("unit", unit),
        }
        summary = summary_of(f"{channel.name}, {min!r}, {max!r}", step=step)
        super().__init__(
            "slider", channel.hub, {"value": channel.name}, {channel.name: MOVE}, chosen, summary
        )
