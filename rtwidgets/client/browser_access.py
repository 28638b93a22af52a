"""What a hub object does for browsers: sockets for the relay, tokens and origins for direct connections."""

from __future__ import annotations

from abc import ABC, abstractmethod

import msgspec

from ..core.capabilities import Caps, narrowed
from ..protocol.names import RELAY_PROGRAM
from .driver import Endpoint
from .link import Link
from .sockets import Socket, open_socket
from .tokens import caps_of


class BrowserAccess(ABC):
    """The part of a hub object that the relay uses; its coroutines run in the portal's loop."""

    async def open_pipe(self) -> Socket:
        """Open a fresh WebSocket to the hub, with no Origin header.

        Raises:
            HubUnreachableError: If the hub does not answer.
        """
        # Not where it last was: on the port of a local hub that has died, anybody may listen.
        return await open_socket((await self._use().locate()).address, RELAY_PROGRAM)

    async def mint_token(self, ttl_s: float, caps: Caps) -> tuple[str, int]:
        """Return a short-lived token for a browser and when it ends, in ms since the Unix epoch.

        Args:
            ttl_s: Seconds it is good for, or less when our own ends before.
            caps: What it is to give; it gives the part that our own token gives.

        Raises:
            PermissionDeniedError: If our own token may make none.
        """
        given = narrowed(caps_of(self._endpoint().token), caps)
        result = await self._use().rpc_async("rtwidgets.token", {"ttl_s": ttl_s, "caps": given})
        minted = msgspec.json.decode(result)
        return str(minted["token"]), int(minted["expires_at_ms"])

    async def allow_origin(self, origin: str) -> None:
        """Let pages of a browser origin connect to the hub directly.

        Raises:
            PermissionDeniedError: If our token is not the owner's.
        """
        await self._use().rpc_async("rtwidgets.allow_origin", {"origin": origin})

    @abstractmethod
    def _use(self) -> Link:
        """Return this process's link."""

    def _endpoint(self) -> Endpoint:
        endpoint = self._use().endpoint
        assert endpoint is not None, "a link is started before it is used"
        return endpoint
