"""Connection and subscription tokens: JWTs signed with HS256."""

from __future__ import annotations

import math
from typing import Any

import jwt
import msgspec
from msgspec import Struct

from .capabilities import Caps, Credentials, joined
from .rules import Verb

ALGORITHMS = ["HS256"]
LEEWAY_S = 5.0
# A page shows the widgets of few kernels.
MAX_JOINED = 16


class TokenError(ValueError):
    """The token is not ours, is malformed or says something unusable."""


class TokenExpired(TokenError):
    """The token was good once."""


class Claims(Struct):
    """The claims that are read; others are ignored."""

    sub: str = ""
    jti: str = ""
    parent: str | None = None
    exp: float | None = None
    info: object = None
    caps: dict[str, frozenset[Verb]] = {}
    channels: tuple[str, ...] = ()
    channel: str = ""
    owner: bool = False


class Subscription(Struct, frozen=True):
    """What a verified subscription token says."""

    channel: str
    user: str
    info: bytes | None
    expires_at: float | None


class Tokens:
    """Sign and verify tokens with one secret.

    Args:
        secret: The HS256 key; without one no token is accepted.
    """

    def __init__(self, secret: str | None) -> None:
        self._secret = secret

    def credentials(self, token: str, now: float) -> Credentials:
        """Verify a connection token, or several of one user with spaces between.

        Raises:
            TokenExpired: If the time of one is over.
            TokenError: If one can't be accepted for another reason, or they do not belong together.
        """
        tokens = token.split(" ", MAX_JOINED)
        if len(tokens) > MAX_JOINED:
            raise TokenError(f"at most {MAX_JOINED} tokens may come together")
        try:
            return joined([self._one(each, now) for each in tokens])
        except TokenError:
            raise
        except ValueError as error:
            raise TokenError(str(error)) from None

    def _one(self, token: str, now: float) -> Credentials:
        """Verify one connection token.

        Raises:
            TokenExpired: If its time is over.
            TokenError: If it can't be accepted for another reason.
        """
        claims = self._verify(token, now)
        if claims.channel:
            raise TokenError("this is a subscription token")
        return Credentials(
            user=claims.sub,
            info=_encoded(claims.info),
            caps=claims.caps,
            expires_at=claims.exp,
            owner=claims.owner,
            channels=claims.channels,
            token_id=claims.jti,
            parent=claims.parent,
        )

    def subscription(self, token: str, now: float) -> Subscription:
        """Verify a subscription token.

        Raises:
            TokenExpired: If its time is over.
            TokenError: If it can't be accepted for another reason.
        """
        claims = self._verify(token, now)
        if not claims.channel:
            raise TokenError("this is not a subscription token")
        return Subscription(claims.channel, claims.sub, _encoded(claims.info), claims.exp)

    def mint(
        self,
        *,
        user: str,
        caps: Caps,
        now: float,
        token_id: str,
        ttl_s: float | None = None,
        info: object = None,
        owner: bool = False,
        parent: str | None = None,
    ) -> str:
        """Sign a connection token.

        Args:
            user: The `sub` claim.
            caps: Channel patterns and verbs.
            now: Seconds since the Unix epoch.
            token_id: The `jti` claim.
            ttl_s: Seconds it is good for; None for no end.
            info: What others may see of the user.
            owner: Whether it is for the hub's owner.
            parent: The `jti` of the token whose holder makes this one for itself.
        """
        if self._secret is None:
            raise TokenError("the hub has no hmac_secret to sign tokens with")
        claims: dict[str, Any] = {
            "sub": user,
            "iat": int(now),
            "jti": token_id,
            "caps": {pattern: sorted(verbs) for pattern, verbs in caps.items()},
        }
        if ttl_s is not None:
            claims["exp"] = int(now + ttl_s)
        if info is not None:
            claims["info"] = info
        if owner:
            claims["owner"] = True
        if parent is not None:
            claims["parent"] = parent
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def _verify(self, token: str, now: float) -> Claims:
        if self._secret is None:
            raise TokenError("the hub has no hmac_secret to check tokens with")
        try:
            # Times are compared below, against the caller's clock.
            payload = jwt.decode_complete(
                token,
                self._secret,
                algorithms=ALGORITHMS,
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
            )["payload"]
            claims = msgspec.convert(payload, Claims)
            msgspec.json.encode(claims)  # half characters pass the parser and fail here
        except (jwt.PyJWTError, msgspec.ValidationError, UnicodeError, RecursionError) as error:
            raise TokenError(str(error)) from None
        not_before = payload.get("nbf")
        if isinstance(not_before, int | float) and not_before > now + LEEWAY_S:
            raise TokenError("the token is not valid yet")
        if claims.exp is not None and not math.isfinite(claims.exp):
            raise TokenError("the token's exp is no time")
        if claims.exp is not None and claims.exp + LEEWAY_S < now:
            raise TokenExpired("the token has expired")
        return claims


def _encoded(info: object) -> bytes | None:
    return None if info is None else msgspec.json.encode(info)
