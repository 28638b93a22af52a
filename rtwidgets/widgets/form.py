"""Form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import options
from .base import LiveWidget, summary_of
from .command_target import Command, channels_for, needs_for, target_of, timeout_ms

if TYPE_CHECKING:
    from ..client.hub import Hub


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
        super().__init__("form", target, channels_for(name), needs_for(name), chosen, summary)
