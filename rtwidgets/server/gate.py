"""The gate in front of every route: who may speak to this hub at all."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core.origins import hosts_of
from .addresses import Addresses, TooManyError
from .refusal_page import REFUSAL_POLICY, refusal_page

# For every answer. Whoever gets one to show in a browser can run nothing with it, nor frame it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Gate:
    """Compare Host and Origin exactly, and ask for the API key, before anything else runs.

    A page that another site serves can reach a hub on this machine; its Origin gives it away. A name that
    another site points to this machine (DNS rebinding) shows in the Host header. Both headers are compared
    with a finite set of texts and never taken apart. Pictures and scripts that a page asks for have no
    Origin; there the browser says in Sec-Fetch-Site that it is another site's.

    Args:
        own: Origins under which this hub is reached.
        allowed: Other origins whose pages may connect; may grow while the hub runs.
        api_key: The key that a path needs which is not open; empty shuts those paths.
        open_paths: Paths that need no key, for what they do needs none or they ask for a token themselves.
            One that ends with ``/*`` stands for all that have one more segment there.
        addresses: Counts what each address does.
    """

    def __init__(
        self,
        app: ASGIApp,
        own: frozenset[str],
        allowed: set[str],
        api_key: str,
        open_paths: Iterable[str],
        addresses: Addresses,
    ) -> None:
        self._app = app
        self._addresses = addresses
        self._own = own
        self._own_hosts = frozenset(host for origin in own for host in hosts_of(origin))
        self._allowed = allowed
        self._api_key = api_key.encode()
        self._open_paths = frozenset(open_paths)
        self._open_folders = frozenset(path[:-1] for path in self._open_paths if path.endswith("/*"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        address = self._addresses.of(scope)
        try:
            fault = self._fault(headers) or _fault_of_load(scope, headers)
            if fault is not None:
                # Not counted: a page of another site could use up what the user's own programs may do.
                await refuse(scope, receive, send, 403, fault)
                return
            self._addresses.note_request(address)
            if not self._is_open(scope["path"]) and not self._has_key(headers):
                await refuse(scope, receive, send, 401, "a valid X-API-Key header is needed")
            elif scope["type"] == "websocket":
                with self._addresses.socket(address):
                    await self._app(scope, receive, send)
            else:
                await self._app(scope, receive, _with_headers(send))
        except TooManyError as error:
            await refuse(scope, receive, send, 429, str(error))

    def _fault(self, headers: Headers) -> str | None:
        if len(headers.getlist("host")) != 1 or len(headers.getlist("origin")) > 1:
            return "the request must have one Host header and at most one Origin header"
        # Names of hosts know no case; an Origin comes from a browser, which writes it in one way.
        if not self._knows(headers["host"].lower()):
            return "the Host header is not one of this hub's; set hub.public_url to the address in use"
        origin = headers.get("origin")
        if origin is not None and origin not in self._own and origin not in self._allowed:
            return "pages of this origin may not connect; add it to auth.allowed_origins"
        return None

    def _knows(self, host: str) -> bool:
        # A proxy of an allowed page's own server, such as Jupyter's, passes that server's name on.
        return host in self._own_hosts or any(host in hosts_of(origin) for origin in self._allowed)

    def _is_open(self, path: str) -> bool:
        folder, slash, name = path.rpartition("/")
        return path in self._open_paths or (name != "" and folder + slash in self._open_folders)

    def _has_key(self, headers: Headers) -> bool:
        given = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        return bool(self._api_key) and hmac.compare_digest(given.encode(), self._api_key)


def _fault_of_load(scope: Scope, headers: Headers) -> str | None:
    """Say what is wrong with a request that another site's page made its browser send without an Origin.

    Source: W3C, Fetch Metadata Request Headers. Programs and older browsers send none.
    """
    if "origin" in headers or headers.get("sec-fetch-site") not in ("cross-site", "same-site"):
        return None
    # Somebody follows a link. What a page frames, or fetches beforehand, it could ask for without an end.
    follows = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if follows and scope.get("method") == "GET" and "sec-purpose" not in headers:
        return None
    return "pages of other sites may link to this hub and load nothing from it"


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, message: str) -> None:
    """Answer a request or a WebSocket handshake with an HTTP status and a reason, a browser with a page."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": message})
        return
    # What else came on that connection is not looked at: refusing costs as much as serving.
    headers = {**HEADERS, "Connection": "close"}
    answer: Response
    if scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", ""):
        headers["Content-Security-Policy"] = REFUSAL_POLICY
        answer = HTMLResponse(refusal_page(status, message), status, headers)
    else:
        answer = JSONResponse({"error": message}, status, headers)
    await answer(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return add
