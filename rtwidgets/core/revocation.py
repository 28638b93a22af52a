"""Tokens that are no longer good although their time is not over."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct

# An entry is kept this much longer than its token lives: clocks differ, and a hub may allow for that.
KEPT_LONGER_S = 600.0


class Revocation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry: a token by its id, or all tokens of a user up to a time. Times are seconds since the epoch.

    Args:
        jti: Id of a token. Tokens that were made from it go with it.
        until: When that token ends by itself, after which the entry is of no use; None for never.
        user: Name of a user.
        before: Tokens of the user that were issued up to then.
    """

    jti: str = ""
    until: float | None = None
    user: str = ""
    before: float = 0.0


class Maker(Struct, frozen=True, omit_defaults=True):
    """The token or invite that another was made with: the claim `maker`. Both end together.

    Otherwise who has stolen a token makes others with it, and those stay.

    Args:
        maker: What that one was made with itself: a guest's token ends with the invite and with the token
            that the invite was made with.
    """

    sub: str
    jti: str
    iat: float | None = None
    maker: Maker | None = None

    @property
    def depth(self) -> int:
        """How many makers stand behind each other."""
        return 1 if self.maker is None else 1 + self.maker.depth


def revocation_of(jti: str, user: str, now: float, expires_at_ms: float | None = None) -> Revocation:
    """Return the entry for one token or for all of a user's up to now.

    Raises:
        ValueError: If both or neither are named, or the time is no token's that is still good.
    """
    if bool(jti) == bool(user):
        raise ValueError("name a token by its jti, or a user, and not both")
    if user:
        return Revocation(user=user, before=now)
    until = None if expires_at_ms is None else expires_at_ms / 1000
    if until is not None and until < now:
        # Likely a time in seconds; the entry would be forgotten while the token is good.
        raise ValueError("expires_at_ms is over: the token's exp in milliseconds, or leave it out")
    return Revocation(jti=jti, until=until)


class Revocations:
    """Every entry there is."""

    def __init__(self) -> None:
        self._ids: dict[str, float] = {}
        self._users: dict[str, float] = {}

    def add(self, entry: Revocation) -> None:
        """Take in an entry; one that says less than another changes nothing."""
        if entry.jti:
            until = math.inf if entry.until is None else entry.until
            self._ids[entry.jti] = max(until, self._ids.get(entry.jti, until))
        if entry.user:
            self._users[entry.user] = max(entry.before, self._users.get(entry.user, entry.before))

    def whole(self, entry: Revocation) -> Revocation:
        """Return an entry that was taken in with all that others have said of the same token or user."""
        until = self._ids.get(entry.jti, math.inf)
        return Revocation(
            jti=entry.jti,
            until=None if math.isinf(until) else until,
            user=entry.user,
            before=self._users.get(entry.user, entry.before),
        )

    def entries(self, now: float) -> Iterator[Revocation]:
        """Return what is still of use, as few entries as say it."""
        for jti, until in self._ids.items():
            if until + KEPT_LONGER_S > now:
                yield Revocation(jti=jti, until=None if math.isinf(until) else until)
        for user, before in self._users.items():
            yield Revocation(user=user, before=before)

    def cover(
        self,
        user: str,
        token_ids: tuple[str | None, ...],
        issued_at: float | None,
        maker: Maker | None = None,
    ) -> bool:
        """Say whether a token is revoked.

        Args:
            user: Its `sub`.
            token_ids: Its `jti` and that of the token it was made from.
            issued_at: Its `iat`; without one it counts as older than every entry for its user.
            maker: Its `maker`.
        """
        if maker is not None and self.cover(maker.sub, (maker.jti,), maker.iat, maker.maker):
            return True
        if any(token_id in self._ids for token_id in token_ids if token_id):
            return True
        before = self._users.get(user)
        return before is not None and (issued_at is None or issued_at <= before)
