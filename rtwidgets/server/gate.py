"""The gate in front of every route: who may speak to this hub at all."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..core.origins import host_of, parse_host, parse_origin


class Gate:
    """Compare Host and Origin exactly before anything else runs.

    A page that another site serves can reach a hub on this machine; its Origin gives it away. A name that
    another site points to this machine (DNS rebinding) shows in the Host header.

    Args:
        hosts: ``host:port`` values at which the hub may be addressed.
        origins: Parsed origins whose pages may connect; may grow while the hub runs.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], origins: set[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            fault = self._fault(scope)
            if fault is not None:
                await refuse(scope, receive, send, 403, fault)
                return
        await self._app(scope, receive, send)

    def _fault(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
        if len(headers.getlist("host")) != 1 or len(headers.getlist("origin")) > 1:
            return "the request must have one Host header and at most one Origin header"
        host = parse_host(headers["host"], scheme)
        if host is None or not self._knows(host):
            return "the Host header is not one of this hub's; set hub.public_url to the address in use"
        if "origin" not in headers:
            return None
        origin = parse_origin(headers["origin"])
        if origin is None or (origin not in self._origins and origin != f"{scheme}://{host}"):
            return "pages of this origin may not connect; add it to auth.allowed_origins"
        return None

    def _knows(self, host: str) -> bool:
        return host in self._hosts or any(host_of(origin) == host for origin in self._origins)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, message: str) -> None:
    """Answer a request or a WebSocket handshake with an HTTP status and a reason."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": message})
        return
    await JSONResponse({"error": message}, status_code=status)(scope, receive, send)
