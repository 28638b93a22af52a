from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

from ..client.hub_process import environment

COMMAND = [sys.executable, "-m", "rtwidgets.server", "local"]


def start(directory: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(RTWIDGETS_RUNTIME_DIR=str(directory)),
        stdout=subprocess.DEVNULL,
    )


def run(directory: Path) -> subprocess.CompletedProcess[str]:
    where = environment(RTWIDGETS_RUNTIME_DIR=str(directory))
    return subprocess.run(COMMAND, env=where, capture_output=True, text=True, timeout=30)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_connection_file_is_private_and_goes_with_the_hub(tmp_path: Path) -> None:
    directory = tmp_path / "runtime"
    file = directory / "rtwidgets-hub.json"
    hub = start(directory)
    try:
        wait_for(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert json.loads(file.read_text())["pid"] == hub.pid
        hub.send_signal(signal.SIGTERM)
        hub.wait(10)
        assert not file.exists()
    finally:
        hub.kill()
        hub.wait()


def test_second_hub_of_a_user_gives_way(tmp_path: Path) -> None:
    first = start(tmp_path)
    try:
        wait_for(tmp_path / "rtwidgets-hub.json")
        before = (tmp_path / "rtwidgets-hub.json").read_text()
        second = run(tmp_path)
        assert second.returncode == 0 and "another process is the local hub" in second.stdout
        assert (tmp_path / "rtwidgets-hub.json").read_text() == before
    finally:
        first.kill()
        first.wait()


def test_unused_hub_ends(tmp_path: Path) -> None:
    hub = start(tmp_path, "--idle-after-s", "1")
    try:
        assert hub.wait(20) == 0
        assert not (tmp_path / "rtwidgets-hub.json").exists()
    finally:
        hub.kill()
        hub.wait()


def test_directory_that_cannot_be_private_is_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    refused = run(blocked / "runtime")
    assert refused.returncode == 1
    assert "set RTWIDGETS_RUNTIME_DIR" in refused.stderr and "Traceback" not in refused.stderr
