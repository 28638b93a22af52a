"""The address of a hub, in every form a person may paste it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import HubUnreachableError
from ..protocol.shown import shown

ENDPOINT = "/connection/websocket"
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_TOKEN = re.compile(r"ey[\w-]{10,}\.ey[\w-]{10,}\.", re.IGNORECASE)  # a JWT: two objects of JSON in base64
_LONG = re.compile(r"[^/.:]{24,}")
_FORMS = (
    "write it as 'http://host:8090' or 'wss://host/path', and the token beside it: connect(url, token=...)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a hub is.

    Args:
        base: ``http(s)://host[:port][/prefix]`` without a slash at its end.
        host: Host name or address.
        port: Port, from the scheme when the URL has none.
    """

    base: str
    host: str
    port: int

    @property
    def socket(self) -> str:
        """The WebSocket's URL."""
        return "ws" + self.base.removeprefix("http") + ENDPOINT

    def key_for(self, user: str) -> str:
        """Return a stable id of this hub and user for registries: ``hub-`` and 12 hex digits."""
        return "hub-" + hashlib.sha256(f"{self.base} {user}".encode()).hexdigest()[:12]

    @property
    def shown(self) -> str:
        """The address for messages, which notebooks keep: a long part of its path may be a secret."""
        scheme, _, rest = self.base.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host}{slash}{_LONG.sub('…', path)}"

    @property
    def is_loopback(self) -> bool:
        """Whether the hub is on this machine."""
        return self.host in _LOOPBACK


def parse_address(url: str) -> Address:
    """Read a hub's URL: http, https, ws or wss, with or without a path.

    Raises:
        TypeError: If it is no text.
        HubUnreachableError: If it can't be the address of a hub; the message says how to write it.
    """
    if not isinstance(url, str):
        raise TypeError(f"the URL of a hub is a text such as 'http://host:8090', not {type(url).__name__}")
    if _TOKEN.match(url.strip()):
        raise HubUnreachableError("that is a token, not the address of a hub: connect(url, token=...)")
    if _TOKEN.search(url):
        raise HubUnreachableError(
            "there is a token in the hub's URL: leave it out and give it as connect(url, token=...)"
        )
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:  # whose text repeats what it can't read, which may be a password
        raise HubUnreachableError(
            f"that is not a URL: a port is a number up to 65535, an IPv6 address stands in brackets; {_FORMS}"
        ) from None
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None or not parts.hostname:
        raise HubUnreachableError(f"{_LONG.sub('…', shown(url))!r} is not the URL of a hub: {_FORMS}")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise HubUnreachableError(
            f"the hub's URL for host {parts.hostname!r} has a user, query or fragment: leave it out and "
            "give the token as connect(url, token=...)"
        )
    host = parts.hostname
    bracketed = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/").removesuffix(ENDPOINT).rstrip("/")
    default = 443 if scheme == "https" else 80
    where = bracketed if port in (None, default) else f"{bracketed}:{port}"
    return Address(base=f"{scheme}://{where}{path}", host=host, port=port or default)
