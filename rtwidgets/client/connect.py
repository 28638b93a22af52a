"""The way in: ``rtwidgets.connect()``."""

from __future__ import annotations

import os
import threading

from .address import parse_address
from .hub import Hub
from .invitation import Invitation, join, parse_link
from .local import LocalSite
from .outbox import DEFAULT_BUFFER_BYTES
from .sites import FixedSite, Site

URL_VARIABLE = "RTWIDGETS_HUB_URL"
TOKEN_VARIABLE = "RTWIDGETS_HUB_TOKEN"

_hubs: dict[tuple[str, str], Hub] = {}
_lock = threading.Lock()


def connect(
    url: str | None = None,
    *,
    token: str | None = None,
    name: str | None = None,
    buffer_bytes: int = DEFAULT_BUFFER_BYTES,
) -> Hub:
    """Connect to a hub; with no argument to your own on this machine, which is started if none runs.

    The environment variables RTWIDGETS_HUB_URL and RTWIDGETS_HUB_TOKEN name another hub. Connecting again to
    the same hub with the same token gives the same object.

    Args:
        url: ``http(s)://`` or ``ws(s)://`` address, with or without a path; or a link into a session, which
            makes you a guest there.
        token: What the hub's owner gave you, as it is or as a file has it, with a line break at its end; a
            link needs none.
        name: Client name that the hub sees; with a link, the name that others see.
        buffer_bytes: How much may wait while the hub is away.

    Raises:
        TypeError: If there is a token without a url, or beside a link, or something is no text.
        HubUnreachableError: If there is no hub at the address.
        TokenRefusedError: If it does not accept the token.
        HubStartError: If the local hub could not be started.
    """
    named = os.environ.get(URL_VARIABLE) or None
    site: Site
    if token is not None and url is None and named is None:
        raise TypeError(f"a token goes with a url: connect(url, token=...), or set {URL_VARIABLE}")
    if token is not None and not isinstance(token, str):
        raise TypeError(f"a token is a text, not {type(token).__name__}")
    invitation = parse_link(url if url is not None else named or "")
    if invitation is not None:
        if token is not None:
            raise TypeError("a link brings its own token: connect(link)")
        return _connect_as_guest(invitation, name, buffer_bytes)
    if url is None and named is None:
        site, identity = _local_site()
    else:
        address = parse_address(url if url is not None else named or "")
        if token is None and (url is None or named is None or parse_address(named) == address):
            token = os.environ.get(TOKEN_VARIABLE)  # never sent to another hub than the one it is for
        token = (token or "").strip()  # a file ends with a line break
        site = FixedSite(address, token)
        identity = (address.base, token)
    with _lock:
        known = _hubs.get(identity)
        if known is not None and not known.is_closed:
            return known
        hub = _hubs[identity] = Hub(site, name=name or "python", buffer_bytes=buffer_bytes)
    return hub


def _connect_as_guest(invitation: Invitation, name: str | None, buffer_bytes: int) -> Hub:
    identity = (invitation.address.base, f"{name} {invitation.invite}")
    with _lock:
        known = _hubs.get(identity)
    if known is not None and not known.is_closed:
        return known
    hub = Hub(FixedSite(invitation.address, join(invitation, name)), name="python", buffer_bytes=buffer_bytes)
    with _lock:
        _hubs[identity] = hub
    return hub


def _local_site() -> tuple[LocalSite, tuple[str, str]]:
    site = LocalSite()
    return site, (site.key, "")


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it when the process forked


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
