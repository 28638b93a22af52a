"""Invites: links that make a guest of whoever holds one, and sign-in links for one's own browser.

An invite is a token of its own use. It opens no connection: it is given to the hub with a name, and the hub
makes a connection token with it, which ends with it.
"""

from __future__ import annotations

import unicodedata
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from ..protocol.blank import BLANK, is_blank
from ..protocol.names import is_session
from .capabilities import Caps, Credentials
from .revocation import Maker
from .roles import ROLES, caps_of_session
from .rules import Verb
from .tokens import HMAC, INVITE, Claims, TokenError, TokenExpired, TokenRevoked, Tokens

SIGN_IN_S = 600.0
SIGNED_IN_S = 12 * 3600.0
MAX_TTL_S = 31 * 86_400.0
# A guest has two, the invite and who made it, and all of them stand in the last one's token: a guest's guests
# are the last.
MAX_MAKERS = 4
MAX_NAME = 40
# What guests' user names begin with.
GUEST = "guest-"

Reason: TypeAlias = Literal["invalid", "expired", "revoked", "no_session", "no_name", "off"]
# Characters that are not seen, that turn the text around them, or that mean nothing.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
# Not seen either, but some scripts and emoji need them.
_JOINERS = "\u200c\u200d"
# What the hub sets behind a guest's name.
_MARK = "(guest)"


class InviteError(ValueError):
    """Nobody comes in with this.

    Args:
        reason: Why, for a program.
        message: Why, and what to do.
        expired_at: When it ended, if it did, in seconds since the Unix epoch.
    """

    def __init__(self, reason: Reason, message: str, expired_at: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.expired_at = expired_at


class Invite(Struct, frozen=True, omit_defaults=True):
    """The claim `invite`: a role in a session for a guest, or the rights of a user for their own browser.

    Args:
        session: Name of the session; empty for a sign-in.
        role: Role in the session.
        user: Who signs in.
        info: What others see of them.
        caps: What they may do.
        until: When the token ends that a sign-in was made with, in seconds since the Unix epoch.
    """

    session: str = ""
    role: str = ""
    user: str = ""
    info: object = None
    caps: dict[str, frozenset[Verb]] = {}
    until: float | None = None


class Ticket(Struct, frozen=True):
    """What an invite is turned into: everything that a connection token says."""

    invite: Invite
    user: str
    name: str
    info: object
    caps: Caps
    expires_at: float
    maker: Maker


def make_invite(
    tokens: Tokens, maker: Credentials, invite: Invite, *, now: float, ttl_s: float, token_id: str
) -> tuple[str, float]:
    """Sign an invite; return it and when it ends, in seconds since the Unix epoch.

    Args:
        maker: Who makes it; their token names a `jti`.
        ttl_s: Seconds it is good for, or less when the maker's token ends before.
        token_id: Its `jti`.

    Raises:
        TokenError: If the hub can't sign.
    """
    ends = now + ttl_s if maker.expires_at is None else min(now + ttl_s, maker.expires_at)
    claims: dict[str, object] = {
        "use": INVITE,
        "sub": maker.user,
        "iat": now,
        "exp": int(ends),
        "jti": token_id,
        "maker": msgspec.to_builtins(Maker(maker.user, maker.token_id, maker.issued_at, maker.maker)),
        "invite": msgspec.to_builtins(invite),
    }
    return tokens.sign(claims), float(int(ends))


def read_invite(tokens: Tokens, text: str, now: float) -> tuple[Invite, Claims]:
    """Verify an invite.

    Raises:
        InviteError: If it is not valid here, has expired or was revoked.
    """
    try:
        claims, key = tokens.verify(text, now)
        if claims.use != INVITE or key.algorithm != HMAC:
            raise TokenError("this is no invite")
        invite = msgspec.convert(claims.invite, Invite)
        if claims.exp is None or not claims.jti or not _is_whole(invite):
            raise TokenError("this is none that we made")
        return invite, claims
    except TokenExpired as error:
        raise InviteError("expired", "this link has expired: ask for a new one", error.at) from None
    except TokenRevoked:
        raise InviteError("revoked", "this link was revoked: ask for a new one") from None
    except (TokenError, msgspec.ValidationError):
        raise InviteError(
            "invalid",
            "this link is not valid here: is it complete, and of this hub? Otherwise ask for a new one",
        ) from None


def _is_whole(invite: Invite) -> bool:
    if invite.session:
        return is_session(invite.session) and invite.role in ROLES
    return bool(invite.user)


def ticket(invite: Invite, claims: Claims, name: str, new_id: str, now: float) -> Ticket:
    """Return what the holder of a verified invite becomes.

    Args:
        name: What a guest wants to be called. Guests are marked as such wherever names are shown.
        new_id: Makes a guest's user name, another at each call.

    Raises:
        InviteError: If a guest has no name.
    """
    maker = Maker(claims.sub, claims.jti, claims.issued_at(now), claims.maker)
    assert claims.exp is not None, "checked where it was read"
    if not invite.session:
        ends = now + SIGNED_IN_S
        ends = ends if invite.until is None else min(ends, invite.until)
        known = invite.info.get("name") if isinstance(invite.info, dict) else None
        shown = known if isinstance(known, str) and known else invite.user
        return Ticket(invite, invite.user, shown, invite.info, invite.caps, ends, maker)
    shown = guest_name(name)
    info = {"name": shown, "role": invite.role, "guest": True}
    caps = caps_of_session(invite.role, invite.session)
    return Ticket(invite, GUEST + new_id, shown, info, caps, claims.exp, maker)


def guest_name(text: str) -> str:
    """Return a name that a guest asks for as it is shown to others, with the mark of a guest.

    Raises:
        InviteError: If nothing is left of it that can be seen.
    """
    # What is cut off first is far more than a name has.
    seen = unicodedata.normalize("NFC", text[: 16 * MAX_NAME])
    kept = "".join(" " if char.isspace() else char for char in seen if _is_seen(char))
    name = " ".join(kept.split())
    # The mark is the hub's to set.
    while name.casefold().endswith(_MARK):
        name = name[: -len(_MARK)].rstrip()
    name = name[:MAX_NAME].strip()
    if is_blank(name):
        raise InviteError("no_name", f"a name is needed that can be seen, of up to {MAX_NAME} characters")
    return f"{name} {_MARK}"


def _is_seen(char: str) -> bool:
    if char in BLANK:
        return False
    return char in "\t\n" or char in _JOINERS or unicodedata.category(char) not in _UNSEEN
