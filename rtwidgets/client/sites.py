"""Where a hub object finds its hub: a fixed address, or the user's local one."""

from __future__ import annotations

from typing import Protocol

from .address import Address
from .driver import Endpoint
from .tokens import user_of


class Site(Protocol):
    """Finds the endpoint, anew before each connection."""

    key: str
    is_local: bool

    def find(self) -> Endpoint:
        """Return the endpoint; may block, may start a hub.

        Raises:
            HubError: If there is none.
        """


class FixedSite:
    """A hub at a known address."""

    is_local = False

    def __init__(self, address: Address, token: str) -> None:
        # Tokens of two users can't share a connection of a page.
        self.key = address.key_for(user_of(token))
        self._endpoint = Endpoint(address, token)

    def find(self) -> Endpoint:
        """Return the address and token this site was made with."""
        return self._endpoint
