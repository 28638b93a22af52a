"""Keys that can be guessed, or are of another kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import InvalidKeyError

if TYPE_CHECKING:
    from .settings import AuthSection

# HS256 keys shorter than its hash are weaker than it. Source: RFC 7518, section 3.2.
GOOD_SECRET = 32
# A key of 32 random digits, even, has fewer once in a thousand times.
GOOD_VARIETY = 8
SECRETS = ("hmac_secret", "hmac_secret_previous")
KEYS = (*SECRETS, "api_key")
# Stood in examples, where everybody can read them.
KNOWN = frozenset(("at least 32 characters that nobody guesses",))
MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_hex(32))'"


def weak_keys(auth: AuthSection) -> Iterator[str]:
    """Say of each key that can be guessed why, and the way out."""
    for name in KEYS:
        key = getattr(auth, name)
        # A shell that had no part in it leaves such a thing as it is.
        if key in KNOWN or key.startswith(("$(", "${")):
            yield f"auth.{name} is the text of an example, which everybody can read; make one with {MAKE_ONE}"
        elif 0 < len(key) < GOOD_SECRET:
            yield (
                f"auth.{name} can be guessed: it has {len(key)} characters; use {GOOD_SECRET} or more, such "
                f"as {MAKE_ONE} prints"
            )
        elif 0 < (variety := len(set(key))) < GOOD_VARIETY:
            yield (
                f"auth.{name} can be guessed: it has {variety} different characters, a random one has "
                f"{GOOD_VARIETY} or more; make one with {MAKE_ONE}"
            )


def foreign_keys(auth: AuthSection) -> Iterator[str]:
    """Say of each secret that is the text of a public or private key what to do: none can sign with it."""
    algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
    for name in filter(lambda name: getattr(auth, name), SECRETS):
        try:
            algorithm.prepare_key(getattr(auth, name))
        except InvalidKeyError:
            yield (
                f"auth.{name} is a key for RS256 or ES256, or a certificate, and no secret: public keys go "
                f"into auth.jwks; make a secret with {MAKE_ONE}"
            )
