"""Links into a session, and for one's own browser."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from .address import Address

if TYPE_CHECKING:
    from .hub import Hub


class Share:
    """A link that lets whoever has it into a session. Made by `Session.share`.

    Args:
        url: The link. What opens the session stands behind its ``#``, which browsers send to nobody.
        role: What its guests may do.
        expires_at: Until when it is good, and what it opened: a datetime in UTC.
    """

    def __init__(self, hub: Hub, url: str, role: str, expires_at: datetime) -> None:
        self._hub = hub
        self.url = url
        self.role = role
        self.expires_at = expires_at

    def revoke(self) -> int:
        """Make the link worthless, end what it opened, and return how many connections that closed.

        That is 0, too, where nobody was in by it, or it was over already; it opens nothing in any case. How
        long that lasts is up to the hub: without a place where it keeps revocations (an archive of SQLite, a
        broker, or ``auth.revocation_file``) the link is good again when it starts anew with the same keys.

        Raises:
            PermissionDeniedError: If we are no owner of the session.
        """
        invite = self.url.partition("#")[2]
        reply = self._hub._use().rpc("rtwidgets.unshare", {"invite": invite})
        return int(msgspec.json.decode(reply)["closed"])

    def __repr__(self) -> str:
        return f"<Share {_shown(self.url)}, {self.role} until {_time(self.expires_at)}: .url has the link>"


class SignInLink:
    """A link that signs the browser in that opens it, as you. Made by `Hub.sign_in_link`.

    Args:
        url: The link. What signs in stands behind its ``#``, which browsers send to nobody.
        expires_at: Until when it may be opened: a datetime in UTC.
    """

    def __init__(self, url: str, expires_at: datetime) -> None:
        self.url = url
        self.expires_at = expires_at

    def __repr__(self) -> str:
        return f"<SignInLink {_shown(self.url)}, yours until {_time(self.expires_at)}: .url has the link>"


def link_of(address: Address, path: str, reply: bytes) -> tuple[str, datetime]:
    """Return the link that the hub's answer to a request for an invite makes, and when it ends.

    Args:
        address: Where we reach the hub; others may know it under the hub's public address.
        path: The page's, without a slash before it.
    """
    made = msgspec.json.decode(reply)
    base = made["public_url"] or address.base
    return f"{base}/{path}#{made['invite']}", datetime.fromtimestamp(made["expires_at_ms"] / 1000, UTC)


def _shown(url: str) -> str:
    # The link opens a session or all that is yours, and a repr may land in a log or a saved notebook.
    return url.partition("#")[0] + "#…"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
