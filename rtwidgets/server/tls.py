"""TLS, spoken with connections that are counted before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.utils import get_remote_addr

from .addresses import Addresses
from .certificate import Certificate
from .http import REQUEST_TIMEOUT_S, PromptHttpProtocol


class TlsDoor(asyncio.Protocol):
    """A connection until its handshake is done; then HTTP takes it over.

    asyncio's servers tell of a connection when its handshake is over, and until then one that says nothing
    takes 300 kB. So the server is one without TLS, and the handshake begins when the address has room,
    and has not begun too many of late: each is a millisecond of work.

    Args:
        options: What uvicorn makes its HTTP protocol with.
    """

    make_http: Callable[..., PromptHttpProtocol]
    certificate: Certificate
    addresses: Addresses

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._connections = options["server_state"].connections
        self._early = b""
        self._http: PromptHttpProtocol | None = None
        self._is_lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._connections.add(self)
        transport.pause_reading()
        peer = get_remote_addr(transport)
        if peer is not None and self._is_let_in(peer[0]):
            # The loop itself keeps no reference to it.
            self._task = asyncio.create_task(self._shake_hands(peer[0]))
        else:
            transport.abort()

    def _is_let_in(self, peer: str) -> bool:
        # In this order: what is counted as open has to be closed again.
        return self.addresses.note_handshake(peer) and self.addresses.open_http(peer, len(self._connections))

    async def _shake_hands(self, peer: str) -> None:
        try:
            secured = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                self.certificate.context(),
                server_side=True,
                ssl_handshake_timeout=REQUEST_TIMEOUT_S,
                ssl_shutdown_timeout=REQUEST_TIMEOUT_S,
            )
        except OSError:  # what is no TLS, took too long, or went away
            self._transport.abort()
            return
        finally:
            # HTTP counts it from here on.
            self.addresses.close_http(peer)
            self._connections.discard(self)
        if secured is None or self._is_lost:  # None when it was closed meanwhile
            return
        self._http = self.make_http(**self._options)
        secured.set_protocol(self._http)
        self._http.connection_made(secured)
        if self._early:
            self._http.data_received(self._early)

    def data_received(self, data: bytes) -> None:
        self._early += data

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._connections.discard(self)
        if self._http is not None:
            self._http.connection_lost(exc)

    def shutdown(self) -> None:
        """End it: the server does."""
        self._transport.abort()


def tls_protocol(
    http: type[PromptHttpProtocol], certificate: Certificate, addresses: Addresses
) -> type[TlsDoor]:
    """Return the protocol of a server that speaks TLS, and HTTP behind it."""
    return type("Door", (TlsDoor,), {"make_http": http, "certificate": certificate, "addresses": addresses})
