"""Names of channels and commands, and their grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import ChannelNameError, CommandNameError

MAX_LENGTH = 255
DEFAULT_NAMESPACE = "default"
MAX_COMMAND_LENGTH = 128
# User-Agent of a kernel's socket that stands for a page's: the hub's figures tell relay and direct apart.
RELAY_PROGRAM = "rtwidgets-relay"

# Its parts of names: rights of a session are patterns, so no star, and nothing that divides names.
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,63})*")


def check_channel(name: str) -> str:
    """Return the name when it follows the grammar.

    Raises:
        ChannelNameError: If it is empty, too long or has other than printable ASCII without spaces.
    """
    if not is_channel(name):
        raise ChannelNameError(
            f"channel name {name[:80]!r} is not allowed: use 1 to {MAX_LENGTH} printable ASCII "
            "characters without spaces, such as 'stream:prices'"
        )
    return name


def is_channel(name: str) -> bool:
    """Say whether a name follows the grammar."""
    return _NAME.fullmatch(name) is not None


def check_session(name: str) -> str:
    """Return the name of a session when it follows the grammar.

    Raises:
        ChannelNameError: If it does not.
    """
    if not is_session(name):
        raise ChannelNameError(
            f"session name {name[:80]!r} is not allowed: use 1 to 64 of the letters A-Z and a-z, digits and "
            "'.', '_', '-', the first a letter or digit, such as 'morning'"
        )
    return name


def is_session(name: str) -> bool:
    """Say whether a name follows the grammar of sessions' names."""
    return _SESSION.fullmatch(name) is not None and not name.startswith("rtwidgets.")


def namespace_of(name: str) -> str:
    """Return the part before the first colon, or ``"default"``."""
    namespace, colon, _ = name.partition(":")
    return namespace if colon else DEFAULT_NAMESPACE


def users_of(name: str) -> frozenset[str] | None:
    """Return the users a channel is limited to, or None when it is for everybody.

    The list stands behind the last ``#``: ``desk#ann,bob``. Source: Centrifugo's user-limited channels.
    """
    _, hash_sign, users = name.rpartition("#")
    return frozenset(users.split(",")) if hash_sign else None


def direct_channel(name: str, users: Iterable[str]) -> str:
    """Return the channel beside one that only these users may use: ``chat:desk#ann,bob``.

    Raises:
        ChannelNameError: If a name can't stand in a channel's, or there is one user only.
    """
    wanted = frozenset(users)
    direct = f"{name.partition('#')[0]}#{','.join(sorted(wanted))}"
    if len(wanted) < 2 or "" in wanted:
        raise ChannelNameError(f"a direct channel is for two users with names, not for {sorted(wanted)}")
    if users_of(direct) != wanted or not is_channel(direct):
        raise ChannelNameError(
            f"no channel can be named after {sorted(wanted)}: it takes names of printable ASCII characters "
            f"without spaces, commas and #, and {MAX_LENGTH} characters in all"
        )
    return direct


def check_command(name: str) -> str:
    """Return a command's whole name, ``halt`` or ``morning/halt``, when it follows the grammar.

    Raises:
        CommandNameError: If it is empty, too long, has unprintable characters or a star, or if its scope
            is none.
    """
    scope, slash, own = name.rpartition("/")
    fits = own and len(name) <= MAX_COMMAND_LENGTH and name.isprintable() and "*" not in name
    if not fits or (slash and _SCOPE.fullmatch(scope) is None):
        raise CommandNameError(
            f"command name {name[:80]!r} is not allowed: use up to {MAX_COMMAND_LENGTH} printable characters "
            "without '*', such as 'halt'; in a scope 'morning/halt'"
        )
    return name


def scoped(scope: str, name: str) -> str:
    """Return a name in a scope; the root scope is empty."""
    return f"{scope}/{name}" if scope else name


def scope_of(command: str) -> str:
    """Return the scope of a command: what stands before its last slash."""
    return command.rpartition("/")[0]


def catalogue_of(scope: str) -> str:
    """Return the channel that lists the commands of a scope."""
    return f"table:{scoped(scope, 'rtwidgets.commands')}"


def calls_of(scope: str) -> str:
    """Return the channel that shows the calls of a scope."""
    return f"table:{scoped(scope, 'rtwidgets.calls')}"


def audit_of(scope: str) -> str:
    """Return the channel that tells who called what in a scope."""
    return f"event:{scoped(scope, 'rtwidgets.audit')}"


def commands_shown_in(channel: str) -> str | None:
    """Return the scope whose catalogue or calls a channel shows; None for every other channel."""
    scope = channel.partition(":")[2].rpartition("/")[0]
    return scope if channel in (catalogue_of(scope), calls_of(scope)) else None
