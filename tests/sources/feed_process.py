"""`rtwidgets-hub feed` in a process of its own, to kill and to start again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ..client.hub_process import HubProcess, environment, token

RUN = [sys.executable, "-c", "from rtwidgets.cli import main; main(prog_name='rtwidgets-hub')"]


class FeedProcess:
    """One source that feeds one channel.

    Args:
        settings: Keys of its section.
    """

    def __init__(self, directory: Path, hub: HubProcess, settings: dict[str, Any]) -> None:
        directory.mkdir()
        self._config = directory / "feed.toml"
        # A basic string of TOML is one of JSON.
        lines = [f"{key} = {_toml(value)}" for key, value in settings.items()]
        self._config.write_text("\n".join(("[auth]\nanonymous = true\n[sources.under_test]", *lines)))
        self._access = {
            "RTWIDGETS_HUB_URL": hub.url,
            "RTWIDGETS_HUB_TOKEN": token("feed", owner=False, caps={settings["channel"]: ["publish"]}),
        }
        self._log = directory / "feed.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*RUN, "feed", "--config", str(self._config)],
                stdout=log,
                stderr=log,
                env=environment(**self._access),
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self) -> int:
        """Ask it to end, as a service manager does, and return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self.wait()

    def wait(self, timeout_s: float = 30.0) -> int:
        """Wait until it has ended by itself, and return its exit code."""
        assert self._process is not None
        deadline = time.monotonic() + timeout_s
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"the feed does not end:\n{self.log}"
            time.sleep(0.02)
        return self._process.returncode


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)
