"""Tokens that are no longer good although their time is not over."""

from __future__ import annotations

from msgspec import Struct


class Revocation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry: a token by its id, or all tokens of a user up to a time.

    Args:
        jti: Id of a token. Tokens that were made from it go with it.
        user: Name of a user.
        before: Tokens of the user that were issued up to then, in seconds since the Unix epoch.
    """

    jti: str = ""
    user: str = ""
    before: float = 0.0


def revocation_of(jti: str, user: str, now: float) -> Revocation:
    """Return the entry for one token or for all of a user's up to now.

    Raises:
        ValueError: If both or neither are named.
    """
    if bool(jti) == bool(user):
        raise ValueError("name a token by its jti, or a user, and not both")
    return Revocation(jti=jti) if jti else Revocation(user=user, before=now)


class Revocations:
    """Every entry there is."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._users: dict[str, float] = {}

    def add(self, entry: Revocation) -> None:
        """Take in an entry; one that says what another said changes nothing."""
        if entry.jti:
            self._ids.add(entry.jti)
        if entry.user:
            self._users[entry.user] = max(entry.before, self._users.get(entry.user, 0.0))

    def cover(self, user: str, token_ids: tuple[str | None, ...], issued_at: float | None) -> bool:
        """Say whether a token is revoked.

        Args:
            user: Its `sub`.
            token_ids: Its `jti` and that of the token it was made from.
            issued_at: Its `iat`; without one it counts as older than every entry for its user.
        """
        if any(token_id in self._ids for token_id in token_ids if token_id):
            return True
        before = self._users.get(user)
        return before is not None and (issued_at is None or issued_at <= before)
