"""What all controls have in common: a value that every viewer sees and moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import options
from .base import LiveWidget, summary_of, take_channel
from .scope import MOVE

if TYPE_CHECKING:
    from ..client.values import Value


# In so many of a dashboard's 12 columns a title has no room beside a field.
NARROW = 2


class Control(LiveWidget):
    """A control on a shared value.

    Args:
        kind: The kind of widget, as its front end knows it.
        value: The value it moves.
        title: Beside it; None takes the value's name.
        chosen: Options by name; what is None is left to the front end.
        shown: Those of them that ``repr`` shows, by the names they were given under.

    Raises:
        ChannelError: If ``value`` is not a value.
    """

    panel_rows = 1

    def __init__(
        self,
        kind: str,
        value: Value,
        title: str | None,
        chosen: Mapping[str, object] | None = None,
        shown: Mapping[str, object] | None = None,
    ) -> None:
        channel = take_channel(type(self).__name__, value, "value")
        super().__init__(
            kind,
            channel.hub,
            {"value": channel.name},
            {channel.name: MOVE},
            {**(chosen or {}), "title": options.text("title", title)},
            summary_of(channel.name, **(shown or {})),
        )


class FieldControl(Control):
    """A control that is typed into or chosen from: where it is narrow its title stands above its field."""

    def rows_in(self, columns: int) -> int:
        return 2 if columns <= NARROW else super().rows_in(columns)


def scale(min: float, max: float, step: float | None) -> dict[str, object]:
    """Return the options of a control that moves between two ends.

    Raises:
        TypeError: If one of them is no number.
        ValueError: If they are no scale.
    """
    low, high = options.finite("min", min), options.finite("max", max)
    if low >= high:
        raise ValueError(f"min must be below max; they are {min!r} and {max!r}")
    if step is not None and not 0 < options.finite("step", step) <= high - low:
        raise ValueError(f"step must be above 0 and at most max - min = {high - low:g}, not {step!r}")
    return {"min": low, "max": high, "step": step}
