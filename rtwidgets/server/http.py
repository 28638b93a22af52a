"""HTTP connections that must say something soon."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.auto import AutoHTTPProtocol

# A peer that opens connections and sends nothing would use up the file descriptors.
REQUEST_TIMEOUT_S = 10.0


class PromptHttpProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type, unused-ignore]
    """uvicorn's HTTP protocol; a connection without a whole request head in time is dropped."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._due = self.loop.call_later(REQUEST_TIMEOUT_S, self._drop_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        self._due.cancel()
        super().connection_lost(exc)

    def _drop_if_silent(self) -> None:
        # After an upgrade the transport belongs to the WebSocket protocol.
        if self.scope is None and self.transport.get_protocol() is self:
            self.transport.abort()
