"""Run a hub on uvicorn."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Callable

import uvicorn

from .. import __version__
from ..errors import ConfigError
from .app import HubApp
from .certificate import Certificate
from .descriptors import ACCEPTED_AT_ONCE
from .drain import Drain
from .frames import FramesProtocol
from .http import http_protocol
from .logs import happened, write_logs
from .settings import HubSection, Settings
from .tls import tls_protocol

GRACEFUL_SHUTDOWN_S = 5
# Accepted sockets inherit both. This one frees a peer that vanished while data for it was unacknowledged.
TCP_USER_TIMEOUT_MS = 30_000
# Linux would let it grow to 4 MiB for each reader that stalls, and filling those slows the others down.
SEND_BUFFER_BYTES = 256 * 1024
# Connections that wait to be accepted: after a restart all clients come at once. What uvicorn calls backlog
# is how many asyncio accepts at one go, too.
QUEUED = 2048


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Open the listening socket.

    Args:
        shared: Whether other processes of this user listen there, too.

    Raises:
        ConfigError: If the address can't be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"can't listen on {host}:{port}: {error.strerror}; choose another with --port"
        ) from None
    return listener


class _Server(uvicorn.Server):
    """A uvicorn server that says when it is ready and when it ends, and drains its hub before that."""

    def __init__(
        self, config: uvicorn.Config, drain: Drain, on_ready: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._on_ready = on_ready
        self._on_end = on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listener in sockets or ():
            listener.listen(QUEUED)
        if self.started:
            happened("hub started", version=__version__)
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Code after `run` does not see a SIGTERM: uvicorn raises it again when it has shut down.
        self._on_end()
        # uvicorn itself would close all sockets at once, and with 1012 before what they wait for has left.
        await self._drain.run()
        await super().shutdown(sockets=sockets)
        happened("hub ended")


def make_server(
    hub: HubApp,
    on_ready: Callable[[], None],
    on_end: Callable[[], None] = lambda: None,
    tls: Certificate | None = None,
) -> uvicorn.Server:
    """Return the server for a hub.

    Args:
        on_ready: Called once it accepts connections.
        on_end: Called when it begins to shut down.
        tls: What it speaks TLS with.
    """
    http = http_protocol(hub.addresses, hub.settings.limits.max_message_bytes)
    config = uvicorn.Config(
        hub.asgi,
        log_level="warning",
        # The access log would show query strings.
        access_log=False,
        # Its own would write what exceptions say.
        log_config=None,
        http=http if tls is None else tls_protocol(http, tls, hub.addresses),
        ws=FramesProtocol,
        ws_max_size=hub.settings.limits.max_message_bytes or sys.maxsize,
        ws_per_message_deflate=False,
        # The protocol's own pings do this.
        ws_ping_interval=None,
        # uvloop, which uvicorn takes where it is, reads too early what a handshake of TLS begins with.
        loop="auto" if tls is None else "asyncio",
        proxy_headers=False,
        server_header=False,
        backlog=ACCEPTED_AT_ONCE,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )
    return _Server(config, hub.drain, on_ready, on_end)


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Run a hub until it is told to end.

    Args:
        on_ready: Called with the hub's URL once it accepts connections.
    """
    serve_on(bind(settings.hub.host, settings.hub.port), settings, on_ready)


def serve_on(listener: socket.socket, settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Run a hub on a socket; see `serve`."""
    port = listener.getsockname()[1]
    write_logs(settings.hub.log_format)
    tls = Certificate(settings.hub) if settings.hub.ssl_certfile else None
    hub = HubApp(settings, port)
    hub.check_keeper()
    run_alone(make_server(hub, lambda: on_ready(url_of(settings.hub, port)), tls=tls), listener)


def run_alone(server: uvicorn.Server, listener: socket.socket) -> None:
    """Run a server that has this process for itself."""
    # The garbage collector looks at everything there is while nothing else is done: the program itself, which
    # stays, would be most of it and take some 20 ms each time.
    gc.collect()
    gc.freeze()
    server.run(sockets=[listener])


def url_of(hub: HubSection, port: int) -> str:
    """Return the address that a hub on this machine is reached at."""
    host = f"[{hub.host}]" if ":" in hub.host else hub.host
    return f"{hub.scheme}://{host}:{port}"
