"""What the widgets of commands have in common: which command, at which hub, and what their pages need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..client.calls import MAX_TIMEOUT_S
from ..client.commands import RegisteredCommand
from ..core.capabilities import Caps
from ..protocol.names import calls_of, catalogue_of, scope_of
from . import options
from .scope import CALL, SEE

if TYPE_CHECKING:
    from ..client.hub import Hub

Command = RegisteredCommand[..., Any] | str


def target_of(widget: str, command: Command, hub: Hub | None) -> tuple[str, Hub]:
    """Return a command's whole name and the hub that passes its calls on.

    Raises:
        TypeError: If it is no command, or a name comes without a hub.
    """
    if isinstance(command, RegisteredCommand):
        return command.name, command.hub if hub is None else hub
    if not isinstance(command, str) or not command:
        raise TypeError(f"command must be a function of @hub.command or a name, not {command!r}")
    if hub is None:
        raise TypeError(
            f"{command!r} is a name: say which hub serves it, as in {widget}({command!r}, hub=hub)"
        )
    return command, hub


def channels_for(name: str) -> dict[str, str]:
    """Return the channels that a command's widget reads, by their role."""
    scope = scope_of(name)
    return {"commands": catalogue_of(scope), "calls": calls_of(scope)}


def needs_for(name: str) -> Caps:
    """Return what a page needs to show a command, call it and see its calls."""
    # Whoever may call some command may read both tables; they are here for the page, which asks for them.
    return {f"command:{name}": CALL, **dict.fromkeys(channels_for(name).values(), SEE)}


def timeout_ms(timeout_s: float) -> int:
    """Return how long a call may take, in milliseconds.

    Raises:
        ValueError: If it is not above 0, or above an hour.
    """
    if not 0 < options.finite("timeout_s", timeout_s) <= MAX_TIMEOUT_S:
        raise ValueError(f"timeout_s must be above 0 and at most {MAX_TIMEOUT_S}, not {timeout_s!r}")
    return max(1, round(timeout_s * 1000))
