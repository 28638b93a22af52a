"""Form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..client.commands import RegisteredCommand
from . import options
from .base import LiveWidget, summary_of
from .command_target import Command, channels_for, needs_for, target_of, timeout_ms

if TYPE_CHECKING:
    from ..client.hub import Hub

# As js/src/widgets/form.css draws them, in pixels; a dashboard in a notebook is about 1000 wide.
_ROW, _GAP = 40, 8
_COLUMN = 80
_AROUND, _ANSWER = 98, 24
_LINE, _LINE_CHARS = 20, 6.5
_FIELD, _TICK, _LARGE_FIELD, _FIELD_WIDTH = 68, 44, 108, 228
_LEAST, _MOST = 4, 16


class Form(LiveWidget):
    """A form for a command: a field for each argument, made from the function's hints and docstring.

    It checks what is put in, shows how far the command is and what it returns, and can stop it. When the
    command is registered anew the fields follow.

    Args:
        command: A function registered with ``@hub.command``, or the name of one that any process serves.
        hub: The hub that passes the call on; needed with a name only.
        title: Above the form; the command's own title if left out.
        timeout_s: How long the command may take, in seconds.

    Raises:
        TypeError: If the command is neither, or a name comes without a hub.
        ValueError: If ``timeout_s`` is not above 0, or above an hour.
    """

    def __init__(
        self,
        command: Command,
        *,
        hub: Hub | None = None,
        title: str | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        name, target = target_of("Form", command, hub)
        chosen = {
            "title": options.text("title", title),
            "command": name,
            "timeout_ms": timeout_ms(timeout_s),
        }
        summary = summary_of(repr(name), title=title)
        self._schema = command.schema if isinstance(command, RegisteredCommand) else None
        super().__init__("form", target, channels_for(name), needs_for(name), chosen, summary)

    def rows_in(self, columns: int) -> int:
        """Return a height for its fields; those of a command of another process are not known."""
        if self._schema is None:
            return self.panel_rows
        width = columns * _COLUMN
        beside = max(1, (width + 18) // _FIELD_WIDTH)
        properties = self._schema["properties"]
        assert isinstance(properties, dict)
        heights = [_field_height(schema, width // beside) for schema in properties.values()]
        lines = [max(heights[first : first + beside]) for first in range(0, len(heights), beside)]
        height = _AROUND + _ANSWER + _help_height(self._schema, width) + sum(lines)
        return min(max(math.ceil((height + _GAP) / (_ROW + _GAP)), _LEAST), _MOST)


def _field_height(schema: Mapping[str, object], width: int) -> int:
    kind = schema.get("type")
    is_large = kind in ("array", None) and not schema.keys() & {"enum", "anyOf"}
    height = _TICK if kind == "boolean" else _LARGE_FIELD if is_large else _FIELD
    return height + _help_height(schema, width)


def _help_height(schema: Mapping[str, object], width: int) -> int:
    text = str(schema.get("description", ""))
    return sum(_LINE * math.ceil(len(line) * _LINE_CHARS / width) for line in text.splitlines())
