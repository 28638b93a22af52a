"""A real mosquitto of a test's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ..client.hub_process import free_port


class Mosquitto:
    """A broker on a free port of loopback that keeps its sessions over a restart."""

    def __init__(self, program: str, *, for_anybody: bool = True) -> None:
        self._program = program
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        # Not one of pytest's: those are for their user alone, and as root the broker is another one.
        self._directory = Path(tempfile.mkdtemp(prefix="rtwidgets-mosquitto-"))
        self._config = self._directory / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous {str(for_anybody).lower()}\n"
            f"max_queued_messages 100000\n"
            f"persistence true\npersistence_location {self._directory}/\n"
        )
        if os.getuid() == 0:
            shutil.chown(self._directory, "mosquitto", "mosquitto")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self.stop()
        shutil.rmtree(self._directory)

    def start(self) -> None:
        with (self._directory / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", self._config], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "mosquitto does not answer"
                time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def send(self, topic: str, *payloads: bytes, qos: int = 1, retain: bool = False) -> None:
        """Publish, and wait until the broker has all."""
        client: Any = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            for sent in [client.publish(topic, payload, qos, retain) for payload in payloads]:
                sent.wait_for_publish(20)
        finally:
            client.disconnect()
            client.loop_stop()
