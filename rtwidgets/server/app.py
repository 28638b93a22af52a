"""The hub as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from .. import __version__
from ..archive import open_archive, open_shared_archive
from ..brokers import open_broker
from ..connection_file import ConnectionFile
from ..core import Hub
from ..core.nodes import NOT_TOLD
from ..core.origins import parse_origin
from ..core.refusal import Refusal
from ..core.revocation import Revocation
from ..protocol import codes
from .addresses import Addresses, parse_networks
from .api import HttpApi
from .archive_cleaner import Cleaner, HasArchive
from .archiver import Archiver
from .clock import ClockWatch, steady_clock
from .descriptors import claim_descriptors
from .drain import Drain
from .endpoint import WebSocketEndpoint
from .exposition import Family
from .flusher import Flusher
from .gate import Gate
from .hub_figures import hub_families
from .join import Join
from .jwks import Jwks
from .keeper import FLUSH_TIMEOUT_S
from .metrics import Metrics
from .outlets import Outlets
from .pages import PAGES, STATIC_FILES, Pages
from .probe import Probe
from .process_figures import ProcessFigures
from .reporter import Reporter
from .revocation_file import RevocationFile
from .settings import LOOPBACK, Settings

if TYPE_CHECKING:
    from .spreader import Spreader

TICK_INTERVAL_S = 0.1
SOCKET_PATH = "/connection/websocket"
HEALTH_PATH = "/health"
MAX_NONCE = 64
READY_PATH = "/ready"
JOIN_PATH = "/api/join"
# Paths that need no API key: two say how the hub is, one asks for a token in its first message, one for an
# invite. The pages and their files are the same for everybody and say nothing of this hub.
OPEN_PATHS = (HEALTH_PATH, READY_PATH, SOCKET_PATH, JOIN_PATH, *PAGES, STATIC_FILES)

log = logging.getLogger("rtwidgets.hub")


class HubApp:
    """A hub and the ASGI application that serves it.

    Args:
        settings: Everything it goes by.
        port: The port it is reached at, known once the socket is bound.
    """

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings = settings
        # Of the user's local hub, by which it proves at /health that it is no other process on its port.
        self.connection_file: ConnectionFile | None = None
        self.now = steady_clock()
        self._clock_watch = ClockWatch(self.now)
        self.tokens = settings.auth.tokens()
        self._jwks = Jwks(settings.auth.jwks, self.tokens) if settings.auth.jwks else None
        self.hub = Hub(
            settings.rules(),
            self.tokens,
            hub_id=secrets.token_hex(8),
            version=__version__,
            make_id=lambda: secrets.token_urlsafe(12),
            now=self.now(),
        )
        # Time in which this thread did not run is not charged to anybody.
        self.hub.clock = time.thread_time
        self.hub.on_fault = lambda error: log.error("a request failed", exc_info=error)
        self._revoked: RevocationFile | None = None
        if settings.auth.revocation_file:
            self._revoked = RevocationFile(Path(settings.auth.revocation_file))
            self._revoked.tidy(self.now())
            self._read_revoked()
        self.hub.on_revoke = self._keep_revoked
        self.hub.origins.update(filter(None, map(parse_origin, settings.auth.allowed_origins)))
        self._keeper = _keeper(settings, self.hub, self.now)
        self._probe = Probe(self.hub, self.now)
        self._process = ProcessFigures()
        self._reporter = Reporter(self.hub, self._process, self.now)
        self.metrics = Metrics(lambda: hub_families(self.hub), self._process.families, self._keeper_figures)
        self._outlets = Outlets(self.now)
        self.drain = Drain(self.hub, settings.hub.drain_window_s)
        self.addresses = Addresses(
            settings.limits,
            parse_networks(settings.hub.trusted_proxies),
            self.hub.refused,
            self.now,
            claim_descriptors(),
        )
        api = HttpApi(self.hub, self.now)
        pages = Pages()
        join = Join(self.hub, self.now, self.addresses, examples=settings.hub.examples)
        gate = Middleware(
            Gate,
            own=_own_origins(settings, port),
            allowed=self.hub.origins,
            api_key=settings.auth.api_key,
            open_paths=OPEN_PATHS,
            addresses=self.addresses,
        )
        self.asgi = Starlette(
            routes=[
                WebSocketRoute(
                    SOCKET_PATH, WebSocketEndpoint(self.hub, self._outlets, self.drain, self.addresses)
                ),
                Route(HEALTH_PATH, self._health),
                Route(READY_PATH, self._ready),
                Route("/metrics", self.metrics.show),
                Route("/api/publish", api.publish, methods=["POST"]),
                Route("/api/revoke", api.revoke, methods=["POST"]),
                Route(JOIN_PATH, join.join, methods=["POST", "OPTIONS"]),
                *pages.routes,
            ],
            middleware=[gate],
            exception_handlers={ClientDisconnect: _nobody_there},
            lifespan=self._lifespan,
        )

    async def _health(self, request: Request) -> JSONResponse:
        said = {"status": "ok", "hub": self.hub.hub_id, "version": __version__}
        nonce = request.query_params.get("nonce", "")
        if self.connection_file is not None and 0 < len(nonce) <= MAX_NONCE:
            said["proof"] = self.connection_file.proof(nonce)
        return JSONResponse(said)

    async def _ready(self, request: Request) -> JSONResponse:
        if self.drain.is_on:
            return JSONResponse({"status": "draining"}, status_code=503)
        if fault := await self._probe.fault():
            return JSONResponse({"status": "failing", "reason": fault}, status_code=503)
        return JSONResponse({"status": "ready"})

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        Flusher(self.hub, self._outlets, self.settings.hub.flush_interval_ms / 1000)
        always = (self._tick(), self._process.watch(), self._reporter.run())
        tasks = [asyncio.create_task(work) for work in always]
        if self._jwks is not None:
            tasks.append(asyncio.create_task(self._jwks.keep()))
        if self._keeper is not None:
            await self._keeper.open()
            tasks.append(asyncio.create_task(self._keeper.run()))
        if (archive := self._archive()) is not None:
            tasks.append(asyncio.create_task(Cleaner(archive, self.hub, self.now).run()))
        yield
        if self._keeper is not None:
            await self._keeper.flush(FLUSH_TIMEOUT_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._keeper is not None:
            await self._keeper.close()

    def _archive(self) -> HasArchive | None:
        """Return what uses the archive."""
        if self._keeper is None or isinstance(self._keeper, Archiver):
            return self._keeper
        return self._keeper.archived

    def _keeper_figures(self) -> Iterator[Family]:
        waiting_bytes = self.hub.archiving.waiting_bytes
        archive = self._archive()
        if archive is not None:
            yield from archive.figures.families("archive", waiting_bytes)
        if self._keeper is not None and self._keeper is not archive:
            yield from self._keeper.figures.families("broker", waiting_bytes)

    def check_keeper(self) -> None:
        """Open the archive or the broker before anything else starts.

        Raises:
            ConfigError: If it is of no use, and would be of none later.
        """
        if self._keeper is not None:
            asyncio.run(self._keeper.check())

    async def _tick(self) -> None:
        while True:
            for act in (self._tick_hub, self._read_revoked, self._look_at_clock):
                try:
                    act()
                except Exception:
                    # Pings, deadlines and revocations of all others depend on this going on.
                    log.exception("a periodic task failed")
            await asyncio.sleep(TICK_INTERVAL_S)

    def _tick_hub(self) -> None:
        self.hub.tick(self.now())

    def _look_at_clock(self) -> None:
        if (ahead_s := self._clock_watch.news()) is not None:
            log.warning(
                "the system's clock was set: it is %+d s from the hub's, by which tokens' times are judged; "
                "if it is right now and others issue tokens, start the hub anew",
                round(ahead_s),
            )

    def _read_revoked(self) -> None:
        if self._revoked is not None and (entries := list(self._revoked.news())):
            self.hub.revoke(*entries)

    def _keep_revoked(self, entry: Revocation) -> None:
        nodes = self.hub.nodes
        if nodes is not None:
            nodes.share("revoked", f"{entry.jti} {entry.user}", msgspec.json.encode(entry))
        if nodes is not None and nodes.port.is_away:
            log.error("%s", NOT_TOLD)
            raise Refusal(codes.INTERNAL, NOT_TOLD)
        if self._revoked is None:
            if nodes is None:
                log.warning(
                    "what was revoked is good again when the hub restarts with the same keys: set "
                    "auth.revocation_file to a path"
                )
            return
        try:
            self._revoked.append(entry)
        except OSError as error:
            fault = f"revoked in this process until it ends: auth.revocation_file: {error.strerror}"
            log.error("%s", fault)
            raise Refusal(codes.INTERNAL, fault) from None


async def _nobody_there(request: Request, error: Exception) -> Response:
    """Who asked is gone before the end of the request: no fault of the hub's."""
    return Response(status_code=400)


def _keeper(settings: Settings, hub: Hub, now: Callable[[], float]) -> Archiver | Spreader | None:
    """Return what keeps channels elsewhere than in this process."""
    if settings.hub.broker != "memory":
        # Who has no such broker needs no package for it.
        from .spreader import Spreader

        archive = None if settings.hub.archive == "none" else open_shared_archive(settings.hub.archive)
        return Spreader(open_broker(settings.hub.broker), hub, now, archive)
    if settings.hub.archive != "none":
        return Archiver(open_archive(settings.hub.archive), hub, now)
    return None


def _own_origins(settings: Settings, port: int) -> frozenset[str]:
    """Return the origins under which browsers reach this hub."""
    hub = settings.hub
    names = {"127.0.0.1", "localhost", "[::1]"}
    if hub.host not in LOOPBACK:
        names.add(f"[{hub.host}]" if ":" in hub.host else hub.host)
    addresses = [f"{hub.scheme}://{name}:{port}" for name in names]
    addresses.append("/".join(hub.public_url.split("/")[:3]))
    return frozenset(filter(None, map(parse_origin, addresses)))
