"""Channel names and their grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import ChannelNameError

MAX_LENGTH = 255
DEFAULT_NAMESPACE = "default"

_NAME = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")


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
