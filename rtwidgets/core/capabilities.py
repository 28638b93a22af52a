"""Who a connection is and what it may do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct, field

from .revocation import Maker
from .rules import Verb

Caps = dict[str, frozenset[Verb]]

# In the names of channels in which the hub tells of everybody; see `about_hub`.
HUB_MARK = ":rtwidgets.hub/"

ALL_VERBS: frozenset[Verb] = frozenset(("subscribe", "publish", "history", "presence", "command"))


def matches(pattern: str, target: str) -> bool:
    """Say whether a pattern, in which ``*`` stands for any characters, matches a channel or command.

    No regular expression: users may have tokens made with patterns of their own, and one with many stars
    would try every way to share the characters out among them.

    What the hub tells of everybody is reached by patterns that name it only: who may read every table is not
    by that allowed to see who is connected.
    """
    if HUB_MARK in target and HUB_MARK not in pattern:
        return False
    if "*" not in pattern:
        return pattern == target
    first, *middle, last = pattern.split("*")
    if len(target) < len(first) + len(last) or not (target.startswith(first) and target.endswith(last)):
        return False
    # The first place where a part fits leaves the most for those behind it.
    start, stop = len(first), len(target) - len(last)
    for part in middle:
        found = target.find(part, start, stop)
        if found < 0:
            return False
        start = found + len(part)
    return True


@lru_cache(maxsize=4096)
def reaches(pattern: str, scope: str) -> bool:
    """Say whether a pattern matches some name right in a scope: the scope's text, then any without a slash.

    Args:
        pattern: A pattern of capabilities.
        scope: How the names start, such as ``command:morning/``.
    """
    pattern = re.sub(r"\*+", "*", pattern)
    # All places in the pattern that its beginning can have been read to.
    places = {0}
    for char in scope:
        places |= {place + 1 for place in places if pattern[place : place + 1] == "*"}
        places = {
            place if pattern[place] == "*" else place + 1
            for place in places
            if place < len(pattern) and pattern[place] in ("*", char)
        }
    rests = (pattern[place:] for place in places)
    return any(rest and "/" not in rest for rest in rests)


class Credentials(Struct, frozen=True):
    """What a verified token says.

    Args:
        user: Name of the user; empty for anonymous.
        info: Raw JSON for others to see, or None.
        caps: Channel patterns and the verbs they give.
        expires_at: Seconds since the Unix epoch, or None.
        owner: Whether the `rtwidgets.*` methods for owners are allowed.
        channels: Server-side subscriptions.
        token_id: The token's `jti`; empty where there is none, or several tokens.
        parent: The `jti` of the token whose holder made this one for itself, if it was made so.
        maker: The token that this one was made with for somebody else.
        issued_at: Seconds since the Unix epoch, or None.
        parts: What each token says, where several came together.
    """

    user: str = ""
    info: bytes | None = None
    caps: Caps = field(default_factory=dict)
    expires_at: float | None = None
    owner: bool = False
    channels: tuple[str, ...] = ()
    token_id: str = ""
    parent: str | None = None
    maker: Maker | None = None
    issued_at: float | None = None
    parts: tuple[Credentials, ...] = ()

    def may(self, verb: Verb, target: str) -> bool:
        """Say whether a capability gives this verb on a channel name or ``command:<name>``."""
        return any(verb in verbs and matches(pattern, target) for pattern, verbs in self.caps.items())

    def may_some(self, verb: Verb, scope: str) -> bool:
        """Say whether a capability gives this verb on some name in a scope such as ``command:morning/``."""
        return any(verb in verbs and reaches(pattern, scope) for pattern, verbs in self.caps.items())


def joined(parts: Sequence[Credentials]) -> Credentials:
    """Return what several tokens of one user give together, until the first of them ends.

    Their holder could as well open a connection with each, so rights add up; being the owner does not.

    Raises:
        ValueError: If they are of different users.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    caps: Caps = {}
    for part in parts:
        if part.user != first.user:
            raise ValueError("tokens that come together are of one user")
        for pattern, verbs in part.caps.items():
            caps[pattern] = caps.get(pattern, frozenset()) | verbs
    return Credentials(
        user=first.user,
        info=first.info,
        caps=caps,
        expires_at=min((part.expires_at for part in parts if part.expires_at is not None), default=None),
        owner=all(part.owner for part in parts),
        channels=tuple(dict.fromkeys(name for part in parts for name in part.channels)),
        parts=tuple(parts),
    )


def narrowed(wide: Caps, asked: Caps) -> Caps:
    """Return the part of `asked` that `wide` covers."""
    kept = {
        target: frozenset(verb for verb in verbs if covers(wide, {target: frozenset((verb,))}))
        for target, verbs in asked.items()
    }
    return {target: verbs for target, verbs in kept.items() if verbs}


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
