"""Browser origins and the Host headers that go with them, as the exact texts a browser sends."""

from __future__ import annotations

import re

_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_origin(text: str) -> str | None:
    """Return an origin as a browser writes it, or None when it is none.

    That is ``scheme://host:port`` in lower case, without the port when it is the scheme's own.
    """
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme, host = match[1].lower(), match[2].lower()
    port = _DEFAULT_PORTS[scheme] if match[3] is None else int(match[3])
    if not 0 < port < 65_536:
        return None
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def hosts_of(origin: str) -> frozenset[str]:
    """Return the Host headers under which a parsed origin is addressed: its port may be written or not."""
    scheme, _, host = origin.partition("://")
    _, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return frozenset((host,))
    return frozenset((host, f"{host}:{_DEFAULT_PORTS[scheme]}"))


class Origins(set[str]):
    """Origins whose pages may connect: some for good, others while a connection that allows them lasts."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed_by: dict[str, set[str]] = {}

    def allow(self, origin: str, client: str) -> None:
        """Let an origin in until the client withdraws it, the last that does."""
        if origin not in self:
            self.add(origin)
            self._allowed_by[origin] = set()
        if origin in self._allowed_by:
            self._allowed_by[origin].add(client)

    def allowed_by(self, client: str) -> list[str]:
        """Return the origins that a client has allowed."""
        return [origin for origin, clients in self._allowed_by.items() if client in clients]

    def withdraw(self, origin: str, client: str) -> None:
        """Let an origin in no more, unless another client allows it."""
        clients = self._allowed_by.get(origin, set())
        clients.discard(client)
        if not clients and self._allowed_by.pop(origin, None) is not None:
            self.discard(origin)
