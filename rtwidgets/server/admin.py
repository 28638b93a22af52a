"""The way in for who runs the hub: a link that is signed with the secret of its settings."""

from __future__ import annotations

import secrets

from ..core.about_hub import ADMIN_CAPS, ADMIN_USER
from ..core.capabilities import Credentials
from ..core.invites import SIGN_IN_S, Invite, make_invite
from .settings import HubSection, Settings


def signed_admin_invite(settings: Settings, now: float) -> str:
    """Return what signs a browser in that may look at the hub, and do nothing else.

    What it opens ends when the user ``admin#link`` is revoked.

    Raises:
        TokenError: If the settings have no secret to sign with.
    """
    invite = Invite(user=ADMIN_USER, info={"name": "admin"}, caps=ADMIN_CAPS)
    maker = Credentials(user=ADMIN_USER, token_id=secrets.token_urlsafe(12), issued_at=now)
    text, _ = make_invite(
        settings.auth.tokens(),
        maker,
        invite,
        now=now,
        ttl_s=SIGN_IN_S,
        token_id=secrets.token_urlsafe(12),
    )
    return text


def local_url(hub: HubSection) -> str:
    """Return where a browser on the hub's machine reaches it."""
    host = "127.0.0.1" if hub.host in ("0.0.0.0", "::") else hub.host
    shown = f"[{host}]" if ":" in host else host
    return f"{hub.scheme}://{shown}:{hub.port}"
