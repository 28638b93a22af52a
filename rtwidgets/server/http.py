"""HTTP connections that must say something soon."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import h11
from h11 import IDLE, SEND_RESPONSE
from starlette.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from .addresses import Addresses, TooManyError
from .gate import HEADERS
from .heads import MAX_HEAD_BYTES, BodyRefusal, Heads
from .join import MAX_BODY

if TYPE_CHECKING:
    from h11 import Request

# A peer that opens connections and sends nothing would use up the file descriptors.
REQUEST_TIMEOUT_S = 10.0
# uvicorn warns of each request that is no HTTP or wants another protocol: as many lines as a stranger likes.
_log = logging.getLogger("uvicorn.error.http")
_log.setLevel(logging.ERROR)


class PromptHttpProtocol(H11Protocol):
    """uvicorn's HTTP protocol; a connection without a whole request head in time is dropped.

    So is one of an address that has too many open already, and what is no HTTP gets no line in the log.
    WebSockets are counted behind the gate.

    It is always h11, which bounds a request's head. With httptools, which uvicorn takes where it finds it,
    one head without end took a gigabyte.
    """

    addresses: Addresses | None = None
    max_body_bytes = 0
    _due: asyncio.TimerHandle | None = None
    _peer: str | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _log
        self.conn = self._heads = Heads(self.max_body_bytes)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        if self.addresses is not None and self.client is not None:
            if self.addresses.open_http(self.client[0], len(self.connections)):
                self._peer = self.client[0]
            else:
                transport.abort()

    def data_received(self, data: bytes) -> None:
        # In parts, as a head that is whole is parsed however long it is. What is behind a handshake is not
        # looked at, nor what is behind a refusal.
        for start in range(0, len(data), MAX_HEAD_BYTES):
            if not self.transport.is_closing() and self.transport.get_protocol() is self:
                super().data_received(data[start : start + MAX_HEAD_BYTES])
        answers = self.cycle is not None and not self.cycle.response_complete
        # uvicorn itself bounds the time from an answer to the first byte of the next request.
        if answers or self.timeout_keep_alive_task is not None:
            self._stop_waiting()
        elif self._due is None and self.transport.get_protocol() is self:
            self._wait()

    def handle_events(self) -> None:
        super().handle_events()
        if self._heads.refusal is not None and not self.transport.is_closing():
            self._refuse(self._heads.refusal)

    def _refuse(self, refusal: BodyRefusal) -> None:
        if self.addresses is not None:
            scope = {"client": self.client, "headers": list(refusal.request.headers)}
            self.addresses.note_refused_body(refusal.limit, self.addresses.of(scope))
        answer = JSONResponse({"error": refusal.message}, headers={**HEADERS, "Connection": "close"})
        parts: tuple[h11.Event, ...] = (
            h11.Response(
                status_code=refusal.status,
                headers=answer.raw_headers,
                reason=STATUS_PHRASES[refusal.status],
            ),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        )
        self.transport.write(b"".join(self.conn.send(part) or b"" for part in parts))
        self.transport.close()

    def handle_websocket_upgrade(self, event: Request) -> None:
        self._leave()
        # Those that other programs on this machine have set may be more than a handshake's parser takes.
        self.headers = [(name, value) for name, value in self.headers if name != b"cookie"]
        super().handle_websocket_upgrade(event)
        websocket: Any = self.transport.get_protocol()
        if self.addresses is not None and getattr(websocket, "scope", None) is None:
            # It was no handshake: the gate hears nothing of it.
            try:
                self.addresses.note_request(self.addresses.of(dict(self.scope)))
            except TooManyError:
                self.transport.abort()
        if not self.transport.is_closing() and websocket.conn.handshake_exc is not None:
            # Such as one with a body: uvicorn would leave it open without an answer.
            self.send_400_response("Invalid WebSocket handshake.")

    def send_400_response(self, msg: str) -> None:
        if self.cycle is not None:
            self.cycle.disconnected = True  # what it still answers could not be sent behind this
            self.cycle.message_event.set()
        peer = self.client[0] if self.client is not None else ""
        may_answer = self.addresses is None or self.addresses.note_rubbish(peer)
        if may_answer and self.conn.our_state in (IDLE, SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        self._stop_waiting()
        peer, self._peer = self._peer, None
        if peer is not None and self.addresses is not None:
            self.addresses.close_http(peer)

    def _wait(self) -> None:
        self._due = self.loop.call_later(REQUEST_TIMEOUT_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


def http_protocol(addresses: Addresses, max_message_bytes: int) -> type[PromptHttpProtocol]:
    """Return the protocol of a server that counts these addresses."""
    most = max_message_bytes and max(max_message_bytes, MAX_BODY)
    return type("HttpProtocol", (PromptHttpProtocol,), {"addresses": addresses, "max_body_bytes": most})
