"""The user's local hub: one process on loopback for all notebooks, found through the connection file."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import suppress

import uvicorn

from .. import connection_file
from ..core import Limits
from ..core.capabilities import ALL_VERBS
from ..file_lock import file_lock
from ..local_user import local_user
from .app import HubApp
from .local_archive import local_archive
from .run import bind, make_server, run_alone
from .settings import AuthSection, HubSection, Settings

LOCK_NAME = "rtwidgets-hub.lock"
ARCHIVE_NAME = "rtwidgets-hub.db"
IDLE_AFTER_S = 900.0
_IDLE_CHECK_S = 1.0
# All notebooks of one user come from one address, and tables from a kernel are larger than chat messages.
_LIMITS = Limits(
    connects_per_ip_per_s=1_000,
    connections_per_ip=1_024,
    connections_per_user=1_024,
    max_message_bytes=8 * 1024 * 1024,
    commands_per_s=20_000,
    publishes_per_s=2_000_000,
    work_ms_per_s=0,
    channels_per_user=20_000,
    channels_per_connection=1_024,
    calls_per_user=1_024,
    sessions_per_user=1_000,
    table_bytes=1024 * 1024 * 1024,
    state_total_bytes=4 * 1024 * 1024 * 1024,
    replies_bytes=32 * 1024 * 1024,
    archive_bytes=256 * 1024 * 1024,
)


def serve_local(idle_after_s: float = IDLE_AFTER_S) -> bool:
    """Run the user's local hub until it is told to end or was unused for a while.

    Returns:
        False when another process is the local hub already.
    Raises:
        ConfigError: If the connection file can't be kept private.
    """
    directory = connection_file.private_dir()
    with file_lock(directory / LOCK_NAME, wait=False) as held:
        if not held:
            return False
        settings = Settings(
            hub=HubSection(port=0, archive=local_archive(directory / ARCHIVE_NAME)),
            auth=AuthSection(hmac_secret=secrets.token_hex(32)),
            limits=_LIMITS,
        )
        listener = bind(settings.hub.host, 0)
        port = listener.getsockname()[1]
        hub = HubApp(settings, port)
        file = connection_file.ConnectionFile(
            url=f"http://127.0.0.1:{port}", token=_owner_token(hub), pid=os.getpid(), hub=hub.hub.hub_id
        )
        hub.connection_file = file
        server = make_server(hub, lambda: _ready(hub, server, file, idle_after_s), lambda: _end(file))
        run_alone(server, listener)
    return True


def _ready(
    hub: HubApp, server: uvicorn.Server, file: connection_file.ConnectionFile, idle_after_s: float
) -> None:
    connection_file.write(file)
    # uvicorn's loop keeps no reference to tasks that it does not know.
    hub.asgi.state.idle = asyncio.get_running_loop().create_task(_end_when_idle(hub, server, idle_after_s))


def _end(file: connection_file.ConnectionFile) -> None:
    with suppress(OSError):
        connection_file.remove(file)


async def _end_when_idle(hub: HubApp, server: uvicorn.Server, idle_after_s: float) -> None:
    idle_s = 0.0
    while idle_s < idle_after_s:
        await asyncio.sleep(_IDLE_CHECK_S)
        idle_s = 0.0 if hub.hub.connections else idle_s + _IDLE_CHECK_S
    server.should_exit = True


def _owner_token(hub: HubApp) -> str:
    user = local_user()
    return hub.tokens.mint(
        user=user,
        caps={"*": ALL_VERBS},
        now=hub.now(),
        token_id=secrets.token_urlsafe(12),
        info={"name": user},
        owner=True,
    )
