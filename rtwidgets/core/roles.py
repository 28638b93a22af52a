"""Roles: names for sets of rights. A token carries the rights, so there is one check whoever made it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from .capabilities import ALL_VERBS, Caps
from .patterns import Rights
from .rules import KindName, Verb

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


def caps_of_session(role: str, session: str) -> Caps:
    """Return what a role may do in a session, on its channels of all kinds and its commands.

    Raises:
        KeyError: If there is no such role.
    """
    channels = [f"{kind}:{session}/*" for kind in get_args(KindName)]
    commands = f"command:{session}/*"
    match role:
        case "viewer":
            return dict.fromkeys(channels, VIEWER)
        case "editor":
            return {**dict.fromkeys(channels, EDITOR), commands: frozenset(("command",))}
        case "owner":
            return {**dict.fromkeys(channels, ALL_VERBS), commands: frozenset(("command", "publish"))}
    raise KeyError(role)


def role_in_session(rights: Rights, session: str) -> str | None:
    """Return the highest role in a session that these rights amount to, or None."""
    given: Caps = {}
    for target in caps_of_session("viewer", session):
        given[target] = rights.verbs_on(target)
        if not given[target] >= VIEWER:
            return None
    for role in ("owner", "editor"):
        asked = caps_of_session(role, session)
        if all(verbs <= (given.get(target) or rights.verbs_on(target)) for target, verbs in asked.items()):
            return role
    return "viewer"
