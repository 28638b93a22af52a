"""Who a connection is and what it may do."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct, field

from .rules import Verb

Caps = dict[str, frozenset[Verb]]

ALL_VERBS: frozenset[Verb] = frozenset(("subscribe", "publish", "history", "presence", "command"))


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def matches(pattern: str, target: str) -> bool:
    """Say whether a pattern, in which ``*`` stands for any characters, matches a channel or command."""
    return pattern == target or ("*" in pattern and _pattern(pattern).fullmatch(target) is not None)


class Credentials(Struct, frozen=True):
    """What a verified token says.

    Args:
        user: Name of the user; empty for anonymous.
        info: Raw JSON for others to see, or None.
        caps: Channel patterns and the verbs they give.
        expires_at: Seconds since the Unix epoch, or None.
        owner: Whether the `rtwidgets.*` methods for owners are allowed.
        channels: Server-side subscriptions.
        token_id: The token's `jti`.
        parent: The `jti` of the token whose holder made this one for itself, if it was made so.
        issued_at: Seconds since the Unix epoch, or None.
    """

    user: str = ""
    info: bytes | None = None
    caps: Caps = field(default_factory=dict)
    expires_at: float | None = None
    owner: bool = False
    channels: tuple[str, ...] = ()
    token_id: str = ""
    parent: str | None = None
    issued_at: float | None = None

    def may(self, verb: Verb, target: str) -> bool:
        """Say whether a capability gives this verb on a channel name or ``command:<name>``."""
        return any(verb in verbs and matches(pattern, target) for pattern, verbs in self.caps.items())

    def may_any(self, verb: Verb) -> bool:
        """Say whether some capability gives this verb somewhere."""
        return any(verb in verbs for verbs in self.caps.values())


def covers(wide: Caps, narrow: Caps) -> bool:
    """Say whether every right in `narrow` is in `wide`, pattern by pattern.

    A narrow pattern is covered when a wide one matches its text; a star in it then stands for no more
    than the star that matched it.
    """
    return all(
        any(verb in verbs and matches(pattern, target) for pattern, verbs in wide.items())
        for target, asked in narrow.items()
        for verb in asked
    )
