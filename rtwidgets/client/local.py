"""The user's local hub: found through the connection file, or started as a process of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from .. import connection_file
from ..connection_file import ConnectionFile
from ..errors import ConfigError, HubStartError, HubUnreachableError
from .address import Address, parse_address
from .driver import Endpoint

START_TIMEOUT_S = 10.0
HEALTH_TIMEOUT_S = 2.0
LOG_NAME = "rtwidgets-hub.log"
_POLL_S = 0.05
_AGAIN_S = 1.0
_MAX_LOG_BYTES = 1024 * 1024
_MAX_HEALTH_BYTES = 4096

# Processes that we started. Kept, so that one that ended is not taken for alive as a zombie.
_started: list[subprocess.Popen[bytes]] = []


class LocalSite:
    """The user's hub on this machine, shared by all their notebooks."""

    is_local = True

    def __init__(self) -> None:
        owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
        identity = f"{socket.gethostname()}:{owner}:{connection_file.runtime_dir()}"
        self.key = "local-" + hashlib.sha256(identity.encode()).hexdigest()[:12]

    def find(self) -> Endpoint:
        """Return the running hub's endpoint; start a hub when none runs."""
        found = find_or_start()
        return Endpoint(parse_address(found.url), found.token)


def find() -> ConnectionFile | None:
    """Return the connection file when the hub it names is alive and proves that it knows the token in it.

    After a hub that was killed the file stays, and its process id and port may be anybody's.
    """
    found = connection_file.read()
    return found if found is not None and _is_alive(found.pid) and _is_hub_of(found) else None


def find_or_start() -> ConnectionFile:
    """Return the connection file of a hub that answers, starting one if need be.

    When several processes do this at the same moment, one of the new hubs gets the lock and the others end at
    once, so all callers find the same file.

    Raises:
        HubStartError: If no hub answers in time; with the last lines of its log.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    process: subprocess.Popen[bytes] | None = None
    ended_at = 0.0
    while (found := find()) is None:
        now = time.monotonic()
        if process is None:
            process = _start()
        elif (code := process.poll()) is not None:
            # 0: another process has the lock. If it is on its way out, ours is needed after all.
            ended_at = ended_at or now
            if code != 0:
                raise HubStartError(f"the local hub ended at once with code {code}; {_log_tail()}")
            if now - ended_at > _AGAIN_S:
                process, ended_at = None, 0.0
        if now > deadline:
            raise HubStartError(
                f"the local hub did not answer in {START_TIMEOUT_S:g} s; {_hint()}{_log_tail()}"
            )
        time.sleep(_POLL_S)
    return found


def log_path() -> Path:
    """Return where the local hub's output goes."""
    return connection_file.runtime_dir() / LOG_NAME


def _start() -> subprocess.Popen[bytes]:
    path = log_path()
    try:
        connection_file.private_dir()
        log = connection_file.open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if os.fstat(log).st_size > _MAX_LOG_BYTES:
            os.ftruncate(log, 0)
    except ConfigError as error:
        raise HubStartError(str(error)) from None
    except OSError as error:
        raise HubStartError(
            f"no log file for the local hub at {path}: {error.strerror}; set RTWIDGETS_RUNTIME_DIR to a "
            "directory of yours"
        ) from None
    try:
        process = subprocess.Popen(
            # Without -P the notebook's folder would be the first that modules are looked for in.
            [sys.executable, "-P", "-m", "rtwidgets.server", "local"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # an interrupt of the notebook must not end the hub
            close_fds=True,
        )
    except OSError as error:
        raise HubStartError(f"the local hub could not be started: {error}") from None
    finally:
        os.close(log)
    _started.append(process)
    return process


def _is_alive(pid: int) -> bool:
    for process in _started:
        process.poll()
    if os.name == "nt":
        return True  # signal 0 would end the process there; /health decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_hub_of(file: ConnectionFile) -> bool:
    nonce = secrets.token_hex(16)
    try:
        answer = json.loads(_health(parse_address(file.url), nonce))
        is_proven = hmac.compare_digest(str(answer["proof"]).encode(), file.proof(nonce).encode())
        return is_proven and answer["hub"] == file.hub
    # A stranger may answer anything, or nothing that is HTTP.
    except (OSError, HTTPException, HubUnreachableError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _health(address: Address, nonce: str) -> bytes:
    """Ask a hub for its health, which has a time for the whole: a socket's begins anew with each byte."""
    with closing(HTTPConnection(address.host, address.port, timeout=HEALTH_TIMEOUT_S)) as connection:
        connection.connect()
        over = threading.Timer(HEALTH_TIMEOUT_S, _cut_off, [connection.sock])
        over.daemon = True
        over.start()
        try:
            connection.request("GET", f"/health?nonce={nonce}")
            return connection.getresponse().read(_MAX_HEALTH_BYTES)
        finally:
            over.cancel()


def _cut_off(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        connection.shutdown(socket.SHUT_RDWR)


def _hint() -> str:
    found = connection_file.read()
    if found is None or not _is_alive(found.pid):
        return ""
    return (
        f"what answers at {found.url}, if anything, does not know the token in {connection_file.path()}: "
        f"if process {found.pid} is a local hub of another version, end it; "
    )


def _log_tail() -> str:
    path = log_path()
    try:
        with os.fdopen(connection_file.open_own(path, os.O_RDONLY), errors="replace") as file:
            lines = file.read().splitlines()[-8:]
    except OSError:
        lines = []
    return f"its log {path} " + ("is empty" if not lines else "ends with:\n" + "\n".join(lines))
