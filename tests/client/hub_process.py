"""A real hub in a process of its own, and a proxy that cuts its connections."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import jwt

ROOT = Path(__file__).resolve().parents[2]
SECRET = "0123456789abcdef0123456789abcdef"
PLAIN_HUB = ROOT / "tests/server/plain_hub.py"
# One that puts whole snapshots into its replies.
WHOLE_HUB = ROOT / "tests/server/whole_hub.py"
# One that may have few descriptors.
NARROW_HUB = ROOT / "tests/server/narrow_hub.py"
VERBS = ["subscribe", "publish", "history", "presence", "command"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**extra: str) -> dict[str, str]:
    """The environment without what would name another hub, with the package importable."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RTWIDGETS_")}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def token(user: str = "ann", *, owner: bool = True, caps: dict[str, list[str]] | None = None) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "sub": user,
        "iat": now,
        "exp": now + 3600,
        "jti": uuid.uuid4().hex,
        "info": {"name": user.capitalize()},
        "caps": {"*": VERBS} if caps is None else caps,
    }
    if owner:
        claims["owner"] = True
    return jwt.encode(claims, SECRET, algorithm="HS256")


class HubProcess:
    """`python -m rtwidgets.server serve` on a port that stays the same over restarts.

    Args:
        plain: Run it on an ASGI server that has no shared frames.
        script: What to run in its place, with the config and the port.
    """

    def __init__(
        self, directory: Path, extra_config: str = "", *, plain: bool = False, script: Path | None = None
    ) -> None:
        self._script = PLAIN_HUB if plain else script
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = directory / "hub.toml"
        self.config.write_text(f'[auth]\nhmac_secret = "{SECRET}"\n{extra_config}')
        self._log = directory / "hub.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            where = ("--config", str(self.config), "--host", "127.0.0.1", "--port", str(self.port))
            own = ("-m", "rtwidgets.server", "serve", *where)
            other = (str(self._script), str(self.config), str(self.port))
            self._process = subprocess.Popen(
                [sys.executable, *(other if self._script is not None else own)],
                stdout=log,
                stderr=log,
                env=environment(),
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the hub did not start:\n{self._log.read_text()}") from None
                time.sleep(0.05)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def terminate(self) -> None:
        """Ask it to end, as a service manager does; `wait` says when it has."""
        assert self._process is not None
        self._process.terminate()

    def wait(self, timeout_s: float = 15.0) -> None:
        """Wait until it has ended."""
        assert self._process is not None
        self._process.wait(timeout_s)
        self._process = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Proxy:
    """A TCP proxy in front of a hub.

    `cut` breaks all connections without a close frame; `vanish` leaves them open, and what either side sends
    goes nowhere.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._vanished: set[socket.socket] = set()
        self.connections = 0
        self._closed = False
        self._open = threading.Event()
        self._open.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def pause(self) -> None:
        """Refuse new connections; `resume` takes them again."""
        self._open.clear()

    def resume(self) -> None:
        self._open.set()

    def cut(self) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()

    def vanish(self) -> None:
        self._vanished.update(end for pair in self._pairs for end in pair)

    def close(self) -> None:
        self._closed = True
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # the hub is down just now
                near.close()
                continue
            if not self._open.is_set():
                near.close()
                far.close()
                continue
            self.connections += 1
            self._pairs.append((near, far))
            if self._closed:
                self.cut()
                return
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                if source in self._vanished:
                    continue
                # The hub's Host check knows its own port only.
                sink.sendall(data.replace(f":{self.port}\r\n".encode(), f":{self._target}\r\n".encode()))
        except OSError:
            pass
