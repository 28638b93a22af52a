"""What a token says and whether this hub takes it, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jwt

from ..core.invites import InviteError, read_invite
from ..core.tokens import HMAC, INVITE, MAX_JOINED, TokenError, Tokens


def explain(text: str, tokens: Tokens, now: float) -> tuple[list[str], str | None]:
    """Return lines about a token, which never show the token itself, and why it is refused, or None.

    Args:
        text: The token, or several that come together with spaces between.
        now: Seconds since the Unix epoch.
    """
    parts = text.split(" ", MAX_JOINED)
    if len(parts) == 1:
        return _explain_one(text, tokens, now)
    lines: list[str] = []
    faults: list[str] = []
    for number, part in enumerate(parts[:MAX_JOINED], 1):
        about, fault = _explain_one(part, tokens, now)
        lines += [f"token {number}:", *about]
        if fault is not None:
            faults.append(f"token {number}: {fault}")
    try:
        tokens.credentials(text, now)
    except TokenError as error:
        return lines, "; ".join(faults) or str(error)
    return lines, None


def _explain_one(token: str, tokens: Tokens, now: float) -> tuple[list[str], str | None]:
    try:
        claims: Any = jwt.decode(token, options={"verify_signature": False})
        algorithm = str(jwt.get_unverified_header(token).get("alg"))
    except (jwt.PyJWTError, RecursionError, UnicodeError) as error:
        return [], f"it is no JWT: {error}"
    try:
        verified, by = tokens.verify(token, now)
        key, fault = by.name, None
        if verified.use == INVITE:
            read_invite(tokens, token, now)
    except InviteError:
        fault = f"it is no invite that a hub made: those have exp, jti and a whole claim invite, by {HMAC}"
    except TokenError as error:
        key, fault = "not verified", str(error)
    return [f"{name:<11} {value}" for name, value in _lines(claims, f"{algorithm}, {key}", now)], fault


def _lines(claims: dict[str, Any], signed: str, now: float) -> Iterator[tuple[str, str]]:
    yield "signed", signed
    yield "user", str(claims.get("sub") or "nobody (anonymous)")
    if claims.get("info") is not None:
        yield "info", str(claims["info"])
    if claims.get("channel"):
        yield "for", f"a subscription to {claims['channel']}"
    if claims.get("use") == INVITE:
        yield "for", "an invite: POST /api/join takes it, no connection does"
        says = claims.get("invite")
        for name, said in says.items() if isinstance(says, dict) else ():
            yield f"  {name}", str(said)
    for name, claim in (("issued", "iat"), ("not before", "nbf"), ("expires", "exp")):
        yield (
            name,
            _time(claims[claim], now) if claim in claims else "not said" if claim != "exp" else "never",
        )
    for name, claim in (
        ("token id", "jti"),
        ("made from", "parent"),
        ("made with", "maker"),
        ("audience", "aud"),
        ("issuer", "iss"),
    ):
        if claims.get(claim):
            yield name, str(claims[claim])
    caps = claims.get("caps")
    rights = caps.items() if isinstance(caps, dict) else ()
    for pattern, verbs in rights:
        yield "right", f"{pattern}: {', '.join(map(str, verbs)) if isinstance(verbs, list) else verbs}"
    if not rights and not claims.get("channel") and claims.get("use") != INVITE:
        yield "right", "none but what the namespaces allow everybody"
    if claims.get("channels"):
        yield "subscribed", str(claims["channels"])
    if claims.get("owner"):
        yield "owner", "yes: may mint tokens, allow origins and revoke"


def _time(value: Any, now: float) -> str:
    try:
        moment = datetime.fromtimestamp(float(value), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return f"{value!r}, which is no time"
    distance = float(value) - now
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC, " + (
        f"in {_duration(distance)}" if distance > 0 else f"{_duration(-distance)} ago"
    )


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
