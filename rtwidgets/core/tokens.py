"""Connection and subscription tokens: JWTs, checked with keys that are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import msgspec
from msgspec import Struct

from .capabilities import Caps, Credentials, joined
from .patterns import check_patterns
from .revocation import Maker, Revocations
from .rules import Verb

HMAC = "HS256"
PUBLIC_KEY = ("RS256", "ES256")
LEEWAY_S = 5.0
# A page shows the widgets of few kernels.
MAX_JOINED = 16
# The claim `use` of what opens no connection by itself.
INVITE = "invite"
# Far above what a token with hundreds of capabilities takes.
MAX_TOKEN_CHARS = 16_384


class TokenError(ValueError):
    """The token is not ours, is malformed or says something unusable."""


class TokenExpired(TokenError):
    """The token was good once.

    Args:
        at: Until when, in seconds since the Unix epoch.
    """

    def __init__(self, at: float) -> None:
        super().__init__("the token has expired")
        self.at = at


class TokenRevoked(TokenError):
    """The token would be good."""


class Key(Struct, frozen=True):
    """A key that signatures are checked with. It belongs to one algorithm, so none can stand in for another.

    Args:
        name: What it is called in an explanation.
        algorithm: HS256, RS256 or ES256.
        value: The secret, or a public key as PyJWT takes it.
        key_id: The `kid` of a JWKS; empty for none.
    """

    name: str
    algorithm: str
    value: Any
    key_id: str = ""

    def __repr__(self) -> str:
        return f"Key({self.name!r}, {self.algorithm!r}, key_id={self.key_id!r})"


class TokenRules(Struct, frozen=True):
    """What a token must say besides being signed.

    Args:
        algorithms: Those that are accepted.
        leeway_s: By how much clocks may differ.
        audience: The `aud` it must name; empty for any.
        issuer: The `iss` it must have; empty for any.
    """

    algorithms: tuple[str, ...] = (HMAC,)
    leeway_s: float = LEEWAY_S
    audience: str = ""
    issuer: str = ""


class Claims(Struct):
    """The claims that are read; others are ignored."""

    sub: str = ""
    iat: float | None = None
    exp: float | None = None
    nbf: float | None = None
    jti: str = ""
    parent: str | None = None
    maker: Maker | None = None
    aud: str | list[str] = ""
    iss: str = ""
    info: object = None
    caps: dict[str, frozenset[Verb]] = {}
    channels: tuple[str, ...] = ()
    channel: str = ""
    owner: bool = False
    # Who makes tokens elsewhere may mean anything by these two.
    use: object = None
    invite: object = None

    def issued_at(self, now: float) -> float | None:
        """Return when the token was issued at the latest: before it came, whatever clock it goes by."""
        return None if self.iat is None else min(self.iat, now)


class Subscription(Struct, frozen=True):
    """What a verified subscription token says."""

    channel: str
    user: str
    info: bytes | None
    expires_at: float | None
    token_id: str
    issued_at: float | None
    parent: str | None = None
    maker: Maker | None = None


class Tokens:
    """Sign and verify tokens.

    Args:
        secret: The HS256 key to sign and verify with; without one no token can be signed.
        previous_secret: One that was used before: still good for verifying.
        rules: What tokens must say.
    """

    def __init__(
        self, secret: str | None, previous_secret: str | None = None, rules: TokenRules | None = None
    ) -> None:
        self.rules = rules or TokenRules()
        self.revocations = Revocations()
        # Replaced as a whole when a JWKS is read anew.
        self.public_keys: tuple[Key, ...] = ()
        # A token names a key that is not there: time to look for newer ones.
        self.on_unknown_key: Callable[[], None] = lambda: None
        named = (("auth.hmac_secret", secret), ("auth.hmac_secret_previous", previous_secret))
        self._secrets = tuple(Key(name, HMAC, value) for name, value in named if value)
        self._signing_key = self._secrets[0] if secret else None

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
        claims = self.verify(token, now)[0]
        if claims.channel:
            raise TokenError("this is a subscription token")
        if claims.use == INVITE:
            raise TokenError("this is an invite: it opens no connection, POST /api/join takes it")
        return Credentials(
            user=claims.sub,
            info=_encoded(claims.info),
            caps=claims.caps,
            expires_at=claims.exp,
            owner=claims.owner,
            channels=claims.channels,
            token_id=claims.jti,
            parent=claims.parent,
            maker=claims.maker,
            issued_at=claims.issued_at(now),
            dated=claims.iat,
        )

    def subscription(self, token: str, now: float) -> Subscription:
        """Verify a subscription token.

        Raises:
            TokenExpired: If its time is over.
            TokenError: If it can't be accepted for another reason.
        """
        claims = self.verify(token, now)[0]
        if not claims.channel or claims.use == INVITE:
            raise TokenError("this is not a subscription token")
        info = _encoded(claims.info)
        return Subscription(
            channel=claims.channel,
            user=claims.sub,
            info=info,
            expires_at=claims.exp,
            token_id=claims.jti,
            issued_at=claims.issued_at(now),
            parent=claims.parent,
            maker=claims.maker,
        )

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
        maker: Maker | None = None,
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
            maker: The token whose holder makes this one for somebody else, or made its parent so.

        Raises:
            ValueError: If the patterns would not be accepted.
        """
        check_patterns(caps)
        claims: dict[str, object] = {
            "sub": user,
            # With all its digits: a token that is made right after a revocation is newer than that, and
            # one that was made right before must not be rounded up to be.
            "iat": now,
            "jti": token_id,
            "caps": {pattern: sorted(verbs) for pattern, verbs in caps.items()},
            "exp": None if ttl_s is None else int(now + ttl_s),
            "info": info,
            "owner": owner or None,
            "parent": parent,
            "maker": None if maker is None else msgspec.to_builtins(maker),
        }
        return self.sign(claims)

    def sign(self, claims: dict[str, object]) -> str:
        """Sign claims, those that are None left out, with the hub's secret and for this hub.

        Raises:
            TokenError: If there is no secret, or tokens that it signs are not accepted.
        """
        if self._signing_key is None:
            raise TokenError("the hub has no hmac_secret to sign tokens with")
        if HMAC not in self.rules.algorithms:
            raise TokenError(f"auth.algorithms does not list {HMAC}, with which the hub signs tokens")
        whole = {**claims, "aud": self.rules.audience or None, "iss": self.rules.issuer or None}
        given = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(given, self._signing_key.value, algorithm=HMAC)

    def verify(self, token: str, now: float) -> tuple[Claims, Key]:
        """Return what a token says and the key that its signature belongs to.

        Raises:
            TokenExpired: If its time is over.
            TokenError: If it can't be accepted for another reason.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise TokenError(f"a token has at most {MAX_TOKEN_CHARS} characters")
        claims, key = self._read(token)
        rules = self.rules
        latest = now + rules.leeway_s
        if claims.nbf is not None and claims.nbf > latest:
            raise TokenError("the token is not valid yet")
        if claims.iat is not None and claims.iat > latest:
            raise TokenError("the token says that it was issued in the future")
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if rules.audience and rules.audience not in audiences:
            raise TokenError(f"the token is not for the audience {rules.audience!r}")
        if rules.issuer and claims.iss != rules.issuer:
            raise TokenError(f"the token is not from the issuer {rules.issuer!r}")
        issued_at = claims.iat
        if issued_at is not None and issued_at > now:
            # By a clock that is ahead: it may be as old as the leeway allows, and older than a revocation.
            issued_at -= rules.leeway_s
        if self.revocations.cover(claims.sub, (claims.jti, claims.parent), issued_at, claims.maker):
            raise TokenRevoked("the token was revoked")
        if claims.exp is not None and claims.exp + rules.leeway_s < now:
            raise TokenExpired(claims.exp)
        return claims, key

    def _read(self, token: str) -> tuple[Claims, Key]:
        """Check the signature and return what is signed, with the key that fits."""
        signing = jwt.PyJWS()
        try:
            header = signing.get_unverified_header(token)
            for key in self._keys_for(header.get("alg"), header.get("kid")):
                try:
                    payload = signing.decode(token, key.value, algorithms=[key.algorithm])
                except jwt.InvalidSignatureError:
                    continue
                claims = msgspec.json.decode(payload, type=Claims)
                msgspec.json.encode(claims)  # half characters pass the parser and fail here
                check_patterns(claims.caps)
                return claims, key
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise TokenError(str(error)) from None
        raise TokenError("the token is not signed with a key of this hub")

    def _keys_for(self, algorithm: object, key_id: object) -> tuple[Key, ...]:
        """Return the keys that may have signed a token: they have its algorithm, an accepted one."""
        if algorithm not in self.rules.algorithms:
            raise TokenError("the token's algorithm is not accepted; auth.algorithms lists those that are")
        if algorithm == HMAC:
            return self._secrets
        keys = tuple(key for key in self.public_keys if key.algorithm == algorithm)
        if key_id is not None:
            keys = tuple(key for key in keys if key.key_id == key_id)
        if not keys:
            self.on_unknown_key()
        return keys


def _encoded(info: object) -> bytes | None:
    return None if info is None else msgspec.json.encode(info)
