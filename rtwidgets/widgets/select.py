"""Select and MultiSelect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ..client.encoding import encode_json
from .control import Control, FieldControl

if TYPE_CHECKING:
    from ..client.values import Value

MAX_CHOICES = 500


class Select(FieldControl):
    """One of some choices, that every viewer sees and chooses.

    Args:
        value: The value it sets.
        choices: The values to choose from, or values by their labels: ``{"Buy": 1, "Sell": -1}``. Anything
            that has a place in JSON, None too.
        title: Beside it; None takes the value's name.

    Raises:
        ChannelError: If ``value`` is not a value, or a choice has no place in JSON.
        ValueError: If there are no choices, too many, or one twice.
    """

    def __init__(
        self, value: Value, choices: Sequence[object] | Mapping[str, object], *, title: str | None = None
    ) -> None:
        super().__init__("select", value, title, {"choices": _choices(choices)})


class MultiSelect(Control):
    """Any of some choices, that every viewer sees and ticks.

    The value is the list of those that are ticked: ``hub.value("venues", default=[])``.

    Args:
        value: The value it sets.
        choices: The values to choose from, or values by their labels: ``{"Buy": 1, "Sell": -1}``.
        title: Beside it; None takes the value's name.

    Raises:
        ChannelError: If ``value`` is not a value, or a choice has no place in JSON.
        ValueError: If there are no choices, too many, or one twice.
    """

    panel_rows = 2

    def __init__(
        self, value: Value, choices: Sequence[object] | Mapping[str, object], *, title: str | None = None
    ) -> None:
        super().__init__("multi_select", value, title, {"choices": _choices(choices)})


def _choices(given: Any) -> list[dict[str, object]]:
    """Return choices as the front end reads them."""
    if isinstance(given, str) or not isinstance(given, Sequence | Mapping):
        raise TypeError(f"choices must be a list of values, or values by label, not {given!r}")
    pairs = list(given.items()) if isinstance(given, Mapping) else [(str(value), value) for value in given]
    if not 1 <= len(pairs) <= MAX_CHOICES:
        raise ValueError(f"there must be 1 to {MAX_CHOICES} choices, not {len(pairs)}")
    seen: dict[bytes, str] = {}
    choices: list[dict[str, object]] = []
    for label, value in pairs:
        if not isinstance(label, str):
            raise TypeError(f"the label of a choice is a text, not {label!r}")
        encoded = encode_json(value, f"the choice {label!r}")
        if encoded in seen:
            raise ValueError(f"the choices {seen[encoded]!r} and {label!r} are the same value, {value!r}")
        seen[encoded] = label
        choices.append({"label": label, "value": msgspec.json.decode(encoded)})
    return choices
