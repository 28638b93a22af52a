"""WebSockets to the hub, opened through ``websockets``, with errors in our words."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING

from ..errors import ClosedError, HubError, HubUnreachableError, TokenRefusedError
from .address import Address

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

OPEN_TIMEOUT_S = 5.0

# At debug level websockets logs the frames, and the first one holds the token.
_log = logging.getLogger("rtwidgets.socket")
_log.setLevel(logging.INFO)


class SocketClosedError(ClosedError):
    """The WebSocket ended.

    Args:
        code: Close code; 1006 when the connection broke without one.
        reason: What the other side said.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"the connection ended with code {code}")
        self.code = code
        self.reason = reason


class Socket:
    """One open WebSocket with text frames."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        """Send a text frame.

        Raises:
            SocketClosedError: If the connection has ended.
        """
        from websockets.exceptions import ConnectionClosed

        try:
            await self._connection.send(text)
        except ConnectionClosed:
            raise self._closed() from None

    async def recv(self) -> str:
        """Return the next text frame.

        Raises:
            SocketClosedError: If the connection has ended.
        """
        from websockets.exceptions import ConnectionClosed

        try:
            return await self._connection.recv(decode=True)
        except (ConnectionClosed, UnicodeDecodeError):
            raise self._closed() from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; nothing happens when it is closed already."""
        await self._connection.close(code, reason)

    def _closed(self) -> SocketClosedError:
        code = self._connection.close_code
        return SocketClosedError(1006 if code is None else int(code), self._connection.close_reason or "")


async def open_socket(address: Address, program: str = "") -> Socket:
    """Connect to the hub's WebSocket endpoint, with no Origin header.

    Args:
        program: What the User-Agent header says, when it is not what `websockets` says by itself.

    Raises:
        HubUnreachableError: If nothing answers there in time, or what answers is not a hub.
        TokenRefusedError: If the address is that of a session's page, without what opens it.
    """
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus, WebSocketException
    from websockets.http11 import USER_AGENT

    where = f"no hub at {address.shown}"
    try:
        connection = await connect(
            address.socket,
            compression=None,
            max_size=None,
            max_queue=2,  # a frame may be megabytes; the hub keeps what we have not read
            ping_interval=None,  # the protocol has its own pings
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=1,
            user_agent_header=program or USER_AGENT,
            proxy=None if address.is_loopback else True,
            logger=_log,
        )
    except InvalidStatus as error:
        raise _refused(address, error) from None
    except TimeoutError:
        raise HubUnreachableError(f"{where}: no answer in {OPEN_TIMEOUT_S:g} s") from None
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        raise HubUnreachableError(
            f"{where} that can be trusted: {why}; if the certificate is from a CA of your own, set "
            "SSL_CERT_FILE to that CA's file"
        ) from None
    except OSError as error:
        hint = "is it running, and is the port right?"
        raise HubUnreachableError(f"{where}: {error.strerror or error}; {hint}") from None
    except (WebSocketException, ValueError) as error:
        raise HubUnreachableError(f"{where}: what answers there is not a hub ({error})") from None
    return Socket(connection)


def _refused(address: Address, error: object) -> HubError:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    hub, _, session = address.base.rpartition("/s/")
    if status == 401 and hub and session and "/" not in session:
        # The same whether there is such a session: who has no link is not told.
        return TokenRefusedError(
            f"there is no session {session!r} at {hub} that you may see: a link into one has a '#' and more "
            f"behind it, so give all of it, or ask an owner for a new one; with a token of the hub it is "
            f"connect({hub!r}, token=...)"
        )
    where = f"no hub at {address.shown}"
    body = bytes(getattr(response, "body", None) or b"")[:200].decode(errors="replace").strip()
    if status in (401, 403):
        return HubUnreachableError(
            f"{where} for us: it refused the connection with HTTP {status} {body}".rstrip()
        )
    return HubUnreachableError(
        f"{where}: what answers there is not a hub (HTTP {status}); check the URL and its path"
    )
