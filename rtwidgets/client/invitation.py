"""Links into a session, from the side of who was invited."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from ..errors import HubUnreachableError, TokenRefusedError
from ..local_user import local_user
from .address import Address, parse_address

JOIN_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link taken apart.

    Args:
        address: Where the hub is.
        invite: What opens it.
    """

    address: Address
    invite: str = field(repr=False)


class _Answer(msgspec.Struct):
    token: str = ""
    error: str = ""
    expired_at_ms: int | None = None


def parse_link(url: str) -> Invitation | None:
    """Read a link that `Session.share` or `Hub.sign_in_link` made; None for what is none.

    Raises:
        HubUnreachableError: If it can't lead to a hub.
    """
    page, _, invite = url.strip().partition("#") if isinstance(url, str) else ("", "", "")
    if not invite:
        return None
    return Invitation(parse_address(page.partition("?")[0].rsplit("/s/", 1)[0]), invite)


def join(invitation: Invitation, name: str | None) -> str:
    """Show the hub an invite and return the token that it gives for it.

    Args:
        name: What others read; your user name on this machine if left out.

    Raises:
        TokenRefusedError: If the link is not valid there, has expired or was revoked; the message says which.
        HubUnreachableError: If no hub answers.
    """
    address = invitation.address
    body = msgspec.json.encode({"invite": invitation.invite, "name": name or local_user()})
    request = urllib.request.Request(f"{address.base}/api/join", data=body, method="POST")
    proxies = urllib.request.ProxyHandler({} if address.is_loopback else None)
    try:
        try:
            with urllib.request.build_opener(proxies).open(request, timeout=JOIN_TIMEOUT_S) as response:
                answer = msgspec.json.decode(response.read(), type=_Answer)
        except urllib.error.HTTPError as error:
            with error:
                answer = msgspec.json.decode(error.read(), type=_Answer)
    except (urllib.error.URLError, OSError) as error:
        cause = getattr(error, "reason", error)
        hint = (
            "; if the certificate is from a CA of your own, set SSL_CERT_FILE to that CA's file"
            if isinstance(cause, ssl.SSLError)
            else ": is it running, and is the link complete?"
        )
        raise HubUnreachableError(f"no hub at {address.shown}: {cause}{hint}") from None
    except msgspec.DecodeError:
        raise HubUnreachableError(
            f"no hub at {address.shown}: what answers there does not know links"
        ) from None
    if not answer.token:
        raise TokenRefusedError(f"the hub at {address.shown} does not let us in: {_why(answer)}")
    return answer.token


def _why(answer: _Answer) -> str:
    if answer.expired_at_ms is None:
        return answer.error or "no reason given"
    ended = datetime.fromtimestamp(answer.expired_at_ms / 1000, UTC)
    return f"{answer.error}; it was good until {ended:%Y-%m-%d %H:%M} UTC"
