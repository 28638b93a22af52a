"""What a client may know of its own token."""

from __future__ import annotations

import base64
import binascii

import msgspec
from msgspec import Struct

from ..core.capabilities import Caps
from ..core.rules import Verb


class _Claims(Struct):
    sub: str = ""
    caps: dict[str, frozenset[Verb]] = {}


def caps_of(token: str) -> Caps:
    """Return the capabilities that a JWT says it gives."""
    return _claims_of(token).caps


def user_of(token: str) -> str:
    """Return the user that a JWT is for; empty when it does not say."""
    return _claims_of(token).sub


def _claims_of(token: str) -> _Claims:
    parts = token.split(".")
    if len(parts) != 3:
        return _Claims()
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(text, type=_Claims)
    except (binascii.Error, ValueError):
        return _Claims()
