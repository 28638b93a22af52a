"""Who a connection is and what it may do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec
from msgspec import Struct, field

from .patterns import Rights, check_patterns
from .revocation import Maker
from .rules import Verb

Caps = dict[str, frozenset[Verb]]

ALL_VERBS: frozenset[Verb] = frozenset(("subscribe", "publish", "history", "presence", "command"))


class Credentials(Struct, frozen=True, dict=True):
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
        issued_at: Seconds since the Unix epoch, or None; no later than the token came.
        dated: The same as the token says it, by whatever clock.
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
    dated: float | None = None
    parts: tuple[Credentials, ...] = ()

    def may(self, verb: Verb, target: str) -> bool:
        """Say whether a capability gives this verb on a channel name or ``command:<name>``."""
        return self.rights.give(verb, target)

    def may_some(self, verb: Verb, scope: str) -> bool:
        """Say whether a capability gives this verb on some name in a scope such as ``command:morning/``."""
        return self.rights.give_some(verb, scope)

    @cached_property
    def rights(self) -> Rights:
        """What the capabilities give."""
        return Rights(self.caps)

    @property
    def name(self) -> str:
        """What `info.name` says, or else the user."""
        info = None if self.info is None else msgspec.json.decode(self.info)
        name = info.get("name") if isinstance(info, dict) else None
        return name if name and isinstance(name, str) else self.user


def joined(parts: Sequence[Credentials]) -> Credentials:
    """Return what several tokens of one user give together, until the first of them ends.

    Their holder could as well open a connection with each, so rights add up; being the owner does not.

    Raises:
        ValueError: If they are of different users, or have too many patterns.
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
    check_patterns(caps)
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
    rights = Rights(wide)
    kept = {
        target: frozenset(verb for verb in verbs if rights.give(verb, target))
        for target, verbs in asked.items()
    }
    return {target: verbs for target, verbs in kept.items() if verbs}


def covers(wide: Caps, narrow: Caps) -> bool:
    """Say whether every right in `narrow` is in `wide`, pattern by pattern."""
    return Rights(wide).cover(narrow)
