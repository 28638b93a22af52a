"""A real Redis of a test's own."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import redis

from ..client.hub_process import free_port


class RedisServer:
    """A server on a free port of loopback that keeps its data over a restart."""

    def __init__(self, program: str, directory: Path) -> None:
        self._program = program
        self._directory = directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client: Any = redis.Redis(port=self.port)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self.client.close()
        self.stop()

    def start(self) -> None:
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._directory))
        kept = ("--appendonly", "yes", "--appendfsync", "no", "--save", "")
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, *options, *kept], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client.ping()
                return
            except redis.RedisError:
                assert time.monotonic() < deadline, "Redis does not answer"
                time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None
