"""The hub as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from .. import __version__
from ..core import Hub
from ..core.origins import host_of, parse_origin
from ..core.tokens import Tokens
from .api import HttpApi
from .clock import steady_clock
from .endpoint import WebSocketEndpoint
from .flusher import Flusher
from .gate import Gate
from .outlets import Outlets
from .settings import LOOPBACK, Settings

TICK_INTERVAL_S = 0.1

log = logging.getLogger("rtwidgets.hub")


class HubApp:
    """A hub and the ASGI application that serves it.

    Args:
        settings: Everything it goes by.
        port: The port it is reached at, known once the socket is bound.
    """

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings = settings
        self.now = steady_clock()
        self.tokens = Tokens(settings.auth.hmac_secret or None)
        self.hub = Hub(
            settings.rules(),
            self.tokens,
            hub_id=secrets.token_hex(8),
            version=__version__,
            make_id=lambda: secrets.token_urlsafe(12),
            now=self.now(),
        )
        self.hub.on_fault = lambda error: log.error("a request failed", exc_info=error)
        self.hub.origins.update(filter(None, map(parse_origin, settings.auth.allowed_origins)))
        self._outlets = Outlets(self.now)
        api = HttpApi(self.hub, settings.auth.api_key, self.now)
        self.asgi = Starlette(
            routes=[
                WebSocketRoute("/connection/websocket", WebSocketEndpoint(self.hub, self._outlets)),
                Route("/health", self._health),
                Route("/api/publish", api.publish, methods=["POST"]),
            ],
            middleware=[Middleware(Gate, hosts=_hosts(settings, port), origins=self.hub.origins)],
            lifespan=self._lifespan,
        )

    async def _health(self, request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "hub": self.hub.hub_id, "version": __version__})

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        Flusher(self.hub, self._outlets, self.settings.hub.flush_interval_ms / 1000)
        ticking = asyncio.create_task(self._tick())
        yield
        ticking.cancel()

    async def _tick(self) -> None:
        while True:
            self.hub.tick(self.now())
            await asyncio.sleep(TICK_INTERVAL_S)


def _hosts(settings: Settings, port: int) -> frozenset[str]:
    """Return the ``host:port`` values that the hub answers to."""
    names = {"127.0.0.1", "localhost", "[::1]"}
    if settings.hub.host not in LOOPBACK:
        names.add(settings.hub.host)
    hosts = {f"{name}:{port}" for name in names}
    public = parse_origin("/".join(settings.hub.public_url.split("/")[:3]))
    if public is not None:
        hosts.add(host_of(public))
    return frozenset(hosts)
