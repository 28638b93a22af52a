"""Roles: names for sets of rights. A token carries the rights, so there is one check whoever made it."""

from __future__ import annotations

from collections.abc import Iterable

from .capabilities import ALL_VERBS, Caps
from .rules import Verb

VIEWER: frozenset[Verb] = frozenset(("subscribe", "history", "presence"))
EDITOR: frozenset[Verb] = VIEWER | {"publish"}
ROLES = ("viewer", "editor", "owner")


def caps_of_role(role: str, channels: Iterable[str]) -> Caps:
    """Return what a role may do on channels that match these patterns.

    A viewer reads; an editor also publishes and calls every command; an owner may do everything there.

    Raises:
        KeyError: If there is no such role.
    """
    match role:
        case "viewer":
            return dict.fromkeys(channels, VIEWER)
        case "editor":
            return {**dict.fromkeys(channels, EDITOR), "command:*": frozenset(("command",))}
        case "owner":
            return {**dict.fromkeys(channels, ALL_VERBS), "command:*": frozenset(("command", "publish"))}
    raise KeyError(role)
