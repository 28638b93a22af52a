"""A real Redis server of a test's own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import redis

from ..client.hub_process import free_port


def program() -> str | None:
    """Return where Redis' server is; None when it is not installed."""
    return shutil.which("redis-server")


class RedisServer:
    """A server on a free port of loopback, with a directory of its own.

    Args:
        keeps: Whether it keeps what it has over a restart.
        options: Further lines of its configuration.
        sentinel_of: Make it a sentinel that names the server at this port ``mymaster``.
    """

    def __init__(
        self, *, keeps: bool = False, options: dict[str, str] | None = None, sentinel_of: int | None = None
    ) -> None:
        found = program()
        assert found is not None
        self._program = found
        self.port = free_port()
        # Nodes of a cluster talk at the port that is higher by 10,000.
        while self.port > 55_535:
            self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client: Any = redis.Redis(port=self.port)
        self.options = {"appendonly": "yes" if keeps else "no", **(options or {})}
        self._directory = Path(tempfile.mkdtemp(prefix="rtwidgets-redis-"))
        self._sentinel_of = sentinel_of
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self.client.close()
        self.kill()
        shutil.rmtree(self._directory)

    def start(self) -> None:
        """Start it and wait until it answers."""
        where = {"bind": "127.0.0.1", "port": str(self.port), "dir": str(self._directory), "save": ""}
        options = [part for name, value in {**where, **self.options}.items() for part in (f"--{name}", value)]
        if self._sentinel_of is not None:
            config = self._directory / "sentinel.conf"
            watched = f"sentinel monitor mymaster 127.0.0.1 {self._sentinel_of} 1"
            config.write_text(f"port {self.port}\nbind 127.0.0.1\n{watched}\n")
            options = [str(config), "--sentinel"]
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, *options], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError((self._directory / "redis.log").read_text())
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it stand still, with its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *command: str) -> str:
        """Run a command; what comes back is as Redis wrote it."""
        parts = "".join(f"${len(part.encode())}\r\n{part}\r\n" for part in command)
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            line.sendall(f"*{len(command)}\r\n{parts}".encode())
            return line.recv(65_536).decode(errors="replace")

    def _answers(self) -> bool:
        try:
            return self.ask("PING").startswith("+PONG")
        except OSError:
            return False
