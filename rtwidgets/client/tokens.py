"""What a client may know of its own token."""

from __future__ import annotations

import base64
import json


def expires_at_ms(token: str) -> int:
    """Return when a JWT ends, in milliseconds since the Unix epoch; 0 when it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return 0
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return int(claims["exp"] * 1000)
    except (ValueError, KeyError, TypeError):
        return 0
