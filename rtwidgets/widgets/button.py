"""Button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..client.commands import RegisteredCommand
from . import options
from .base import LiveWidget, summary_of
from .scope import CALL, SEE

if TYPE_CHECKING:
    from ..client.hub import Hub

CATALOGUE = "table:rtwidgets.commands"
# The hub waits no longer for any handler.
MAX_TIMEOUT_S = 3600


class Button(LiveWidget):
    """Calls a command, and shows what came of it. It can be pressed while a handler is connected.

    Args:
        title: On the button.
        command: A function registered with ``@hub.command``, or the name of one that any process serves.
        hub: The hub that passes the call on; needed with a name only.
        timeout_s: How long a press waits for the answer, in seconds.
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
        command: RegisteredCommand[..., Any] | str,
        *,
        hub: Hub | None = None,
        timeout_s: float = 30.0,
        **args: object,
    ) -> None:
        name, target = _target(command, hub)
        if isinstance(command, RegisteredCommand):
            _check_names(command, args)
        chosen = {
            "title": options.text("title", title),
            "command": name,
            "args": _plain(args),
            "timeout_ms": _timeout_ms(timeout_s),
        }
        summary = summary_of(f"{title!r}, {name!r}", **args)
        # Whoever may call some command may see the catalogue; it is here for the page, which asks for both.
        needs = {f"command:{name}": CALL, CATALOGUE: SEE}
        super().__init__("button", target, {"commands": CATALOGUE}, needs, chosen, summary)


def _target(command: object, hub: Hub | None) -> tuple[str, Hub]:
    if isinstance(command, RegisteredCommand):
        return command.name, command.hub if hub is None else hub
    if not isinstance(command, str) or not command:
        raise TypeError(f"command must be a function of @hub.command or a name, not {command!r}")
    if hub is None:
        raise TypeError(f"{command!r} is a name: say which hub serves it, as in Button({command!r}, hub=hub)")
    return command, hub


def _timeout_ms(timeout_s: float) -> int:
    if not 0 < options.finite("timeout_s", timeout_s) <= MAX_TIMEOUT_S:
        raise ValueError(f"timeout_s must be above 0 and at most {MAX_TIMEOUT_S}, not {timeout_s!r}")
    return max(1, round(timeout_s * 1000))


def _check_names(command: RegisteredCommand[..., Any], args: dict[str, object]) -> None:
    known = command.schema.get("properties")
    if not isinstance(known, dict) or command.schema.get("additionalProperties") is True:
        return
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
