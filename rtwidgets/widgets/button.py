"""Button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..client.commands import RegisteredCommand
from . import options
from .base import LiveWidget, summary_of
from .command_target import Command, channels_for, needs_for, target_of, timeout_ms

if TYPE_CHECKING:
    from ..client.hub import Hub


class Button(LiveWidget):
    """Calls a command, shows how far it is and what came of it, and can stop it.

    It can be pressed while a handler is connected. Everybody who sees it sees who runs the command, too.

    Args:
        title: On the button.
        command: A function registered with ``@hub.command``, or the name of one that any process serves.
        hub: The hub that passes the call on; needed with a name only.
        timeout_s: How long the command may take, in seconds.
        **args: Arguments of the call; they are plain JSON.

    Raises:
        TypeError: If the command is neither, an argument is none of its own or is no JSON, or a name comes
            without a hub.
        ValueError: If ``timeout_s`` is not above 0, or above an hour.
    """

    panel_rows = 1

    def __init__(
        self,
        title: str,
        command: Command,
        *,
        hub: Hub | None = None,
        timeout_s: float = 30.0,
        **args: object,
    ) -> None:
        name, target = target_of("Button", command, hub)
        if isinstance(command, RegisteredCommand):
            _check_names(command, args)
        chosen = {
            "title": options.text("title", title),
            "command": name,
            "args": _plain(args),
            "timeout_ms": timeout_ms(timeout_s),
        }
        summary = summary_of(f"{title!r}, {name!r}", **args)
        super().__init__("button", target, channels_for(name), needs_for(name), chosen, summary)


def _check_names(command: RegisteredCommand[..., Any], args: dict[str, object]) -> None:
    known = command.schema.get("properties")
    assert isinstance(known, dict)
    unknown = [name for name in args if name not in known]
    if unknown:
        takes = ", ".join(known) or "none"
        raise TypeError(f"command {command.name!r} has no argument {unknown[0]!r}; it takes {takes}")


def _plain(args: dict[str, object]) -> dict[str, Any]:
    """Return the arguments as the JSON they travel as."""
    plain: dict[str, Any] = {}
    for name, value in args.items():
        try:
            plain[name] = msgspec.json.decode(msgspec.json.encode(value))
        except TypeError as error:
            raise TypeError(f"argument {name!r} can't be sent as JSON: {error}") from None
    return plain
