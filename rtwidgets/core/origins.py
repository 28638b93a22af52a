"""Browser origins and Host headers, compared exactly."""

from __future__ import annotations

import re

_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_HOST = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_origin(text: str) -> str | None:
    """Return an origin as ``scheme://host:port``, always with a port, or None when it is not one."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme = match[1].lower()
    return _with_port(f"{scheme}://{match[2].lower()}", match[3], _DEFAULT_PORTS[scheme])


def parse_host(text: str, scheme: str) -> str | None:
    """Return a Host header as ``host:port``, with the scheme's port when it names none, or None."""
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    return _with_port(match[1].lower(), match[2], _DEFAULT_PORTS[scheme])


def host_of(origin: str) -> str:
    """Return the ``host:port`` of a parsed origin."""
    return origin.partition("://")[2]


def _with_port(start: str, port: str | None, default: int) -> str | None:
    number = default if port is None else int(port)
    return f"{start}:{number}" if 0 < number < 65_536 else None
