"""Keys that can be guessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import AuthSection

# HS256 keys shorter than its hash are weaker than it. Source: RFC 7518, section 3.2.
GOOD_SECRET = 32
KEYS = ("hmac_secret", "hmac_secret_previous", "api_key")
# Stood in examples, where everybody can read them.
KNOWN = frozenset(("at least 32 characters that nobody guesses",))
MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_hex(32))'"


def weak_keys(auth: AuthSection) -> Iterator[str]:
    """Say of each key that can be guessed why, and the way out."""
    for name in KEYS:
        key = getattr(auth, name)
        if key in KNOWN:
            yield f"auth.{name} is the text of an example, which everybody can read; make one with {MAKE_ONE}"
        elif 0 < len(key) < GOOD_SECRET:
            yield (
                f"auth.{name} can be guessed: it has {len(key)} characters; use {GOOD_SECRET} or more, such "
                f"as {MAKE_ONE} prints"
            )
