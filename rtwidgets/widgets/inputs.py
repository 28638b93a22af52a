"""TextInput, NumberInput and DateInput: values that are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import options
from .control import FieldControl

if TYPE_CHECKING:
    from ..client.values import Value


class TextInput(FieldControl):
    """A line of text that every viewer sees and writes.

    What is typed is set by Enter, by leaving the field, or after a pause of a second. What another sets
    meanwhile is told and does not eat what was typed.

    Args:
        value: The value it sets.
        title: Beside it; None takes the value's name.
        placeholder: Shown while the text is empty.

    Raises:
        ChannelError: If ``value`` is not a value.
    """

    def __init__(self, value: Value, *, title: str | None = None, placeholder: str | None = None) -> None:
        chosen = {"placeholder": options.text("placeholder", placeholder)}
        super().__init__("text_input", value, title, chosen, {"placeholder": placeholder})


class NumberInput(FieldControl):
    """A number that every viewer sees and types or steps; None while the field is empty.

    Args:
        value: The value it sets.
        min: Least number; None for none.
        max: Greatest number; None for none.
        step: How far the arrow keys and buttons go.
        title: Beside it; None takes the value's name.
        unit: Behind the number, such as ``"s"``.

    Raises:
        ChannelError: If ``value`` is not a value.
        ValueError: If an option can't be used; the message says what can.
    """

    def __init__(
        self,
        value: Value,
        *,
        min: float | None = None,
        max: float | None = None,
        step: float = 1,
        title: str | None = None,
        unit: str | None = None,
    ) -> None:
        low = None if min is None else options.finite("min", min)
        high = None if max is None else options.finite("max", max)
        if low is not None and high is not None and low > high:
            raise ValueError(f"min must not be above max; they are {min!r} and {max!r}")
        if options.finite("step", step) <= 0:
            raise ValueError(f"step must be above 0, not {step!r}")
        chosen = {"min": low, "max": high, "step": step, "unit": options.text("unit", unit)}
        super().__init__("number_input", value, title, chosen, {"min": min, "max": max})


class DateInput(FieldControl):
    """A date that every viewer sees and chooses, or a date and time.

    The value is text as in ISO 8601: ``"2026-11-25"``, which a ``datetime.date`` becomes by itself. With a
    time it is a moment and has a zone, ``"2026-11-25T10:00:00Z"``; each viewer sees it in their own.
    ``date.fromisoformat`` and ``datetime.fromisoformat`` read them.

    Args:
        value: The value it sets.
        time: Whether it is a date with a time.
        title: Beside it; None takes the value's name.

    Raises:
        ChannelError: If ``value`` is not a value.
    """

    def __init__(self, value: Value, *, time: bool = False, title: str | None = None) -> None:
        super().__init__("date_input", value, title, {"time": bool(time)}, {"time": time or None})
